// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Build

/// A Dockerfile from its text.
func dockerfile(_ text: String) -> Dockerfile { Dockerfile(Array(text.utf8)) }

/// The plan of a text, for linux/amd64 unless something else is asked for.
func plan(_ text: String, _ change: (inout BuildRequest) -> Void = { _ in }) -> BuildPlan {
    var request = BuildRequest()
    request.platform = Platform(architecture: "amd64")
    request.buildPlatform = Platform(architecture: "amd64")
    change(&request)
    return Planner.plan(dockerfile(text), request)
}

/// The graph of a text in which nothing may be wrong.
func graph(_ text: String, _ change: (inout BuildRequest) -> Void = { _ in }) throws -> BuildGraph {
    try plan(text, change).graph()
}

/// `line:column` of a place.
func text(_ place: SourcePlace?) -> String { place.map { "\($0.line):\($0.column)" } ?? "-" }

/// `line:column message` of problems.
func lines(_ problems: [BuildProblem]) -> [String] { problems.map { "\(text($0.place)) \($0.description)" } }

/// `rule line:column` of what was found.
func found(_ plan: BuildPlan) -> [String] { plan.findings.map { "\($0.rule.rawValue) \(text($0.place))" } }

/// A digest for tests: FNV-1a over 64 bits.
func hash(_ bytes: [UInt8]) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(value, radix: 16)
}

extension BuildGraph {
    /// The program of a `RUN`, by its number among those of the graph.
    func run(_ index: Int) throws -> RunStep {
        let runs = steps.compactMap { step -> RunStep? in
            if case .run(let run) = step.operation { run } else { nil }
        }
        return try #require(runs.indices.contains(index) ? runs[index] : nil)
    }

    /// What a `COPY` or `ADD` copies, by its number.
    func copy(_ index: Int) throws -> CopyStep {
        let copies = steps.compactMap { step -> CopyStep? in
            if case .copy(let copy) = step.operation { copy } else { nil }
        }
        return try #require(copies.indices.contains(index) ? copies[index] : nil)
    }

    /// What the steps are, metadata left out.
    var kinds: [String] {
        steps.compactMap { step in
            switch step.operation {
            case .source(.context): "context"
            case .source(.image(let name, let platform)): "image \(name) \(platform)"
            case .source(.named(let name, _)): "named \(name)"
            case .source(.http(let address, _)): "http \(address)"
            case .source(.git(let address, _, _)): "git \(address)"
            case .run(let run): "run \(run.arguments.last ?? "")"
            case .copy(let copy): "copy \(copy.destination)"
            case .makeFolder(let folder): "folder \(folder.path)"
            case .metadata: nil
            }
        }
    }
}

extension CommandLine {
    /// `["a", "b"]`, or `sh: text`.
    var summary: String {
        switch form {
        case .exec(let words): "\(words)"
        case .shell(let text): "sh: \(text)"
        }
    }
}

extension Assignments {
    var summary: String {
        (isLegacy ? "old " : "") + pairs.map { "\($0.name.text)=\($0.value)" }.joined(separator: "|")
    }
}

extension Instruction {
    /// The instruction in one line.
    var summary: String { "\(keyword.rawValue) \(contentSummary)" }

    private var contentSummary: String {
        switch content {
        case .add(let copy), .copy(let copy): copy.summary
        case .arg(let list): list.map { $0.name.text + ($0.defaultValue.map { "=" + $0 } ?? "") }.joined(separator: "|")
        case .cmd(let command), .entrypoint(let command): command.summary
        case .env(let assignments), .label(let assignments): assignments.summary
        case .expose(let words), .volume(let words): words.map(\.text).joined(separator: "|")
        case .from(let from):
            from.base.text + (from.platform.map { " on " + $0.text } ?? "") + (from.stageName.map { " as " + $0 } ?? "")
        case .healthcheck(let check): "\(check.test ?? [])"
        case .maintainer(let name): name
        case .onbuild(let trigger): "\(trigger.keyword.rawValue): \(trigger.text)"
        case .run(let run): run.summary
        case .shell(let words): "\(words)"
        case .stopsignal(let word), .user(let word), .workdir(let word): word.text
        }
    }
}

extension CopyInstruction {
    fileprivate var summary: String {
        var parts = [sources.map(\.text).joined(separator: "|") + " > " + destination.text]
        if let from { parts.append("from \(from.text)") }
        if let owner { parts.append("owner \(owner.text)") }
        if let mode { parts.append("mode \(mode.text)") }
        if isLinked { parts.append("link") }
        if keepsParents { parts.append("parents") }
        if !excluded.isEmpty { parts.append("without " + excluded.map(\.text).joined(separator: "|")) }
        if let checksum { parts.append("checksum \(checksum.text)") }
        if keepsGitFolder { parts.append("git") }
        if let unpacks { parts.append("unpack \(unpacks)") }
        parts += heredocs.map { "<\($0.name)>" }
        return parts.joined(separator: ", ")
    }
}

extension RunInstruction {
    fileprivate var summary: String {
        var parts = [command.summary] + mounts.map { "mount \($0.text)" }
        if network != .default { parts.append("network \(network.rawValue)") }
        if security != .sandbox { parts.append("security \(security.rawValue)") }
        parts += devices.map { "device \($0.text)" }
        return parts.joined(separator: ", ")
    }
}
