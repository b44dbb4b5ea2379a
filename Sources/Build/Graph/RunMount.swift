// SPDX-License-Identifier: Apache-2.0

import Compose

/// A mount of `RUN --mount=…` with all that it leaves open decided.
///
/// https://docs.docker.com/reference/dockerfile/#run---mount
package struct RunMount: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case bind
        case cache
        case tmpfs
        case secret
        case ssh
    }

    package enum Sharing: String, CaseIterable, Sendable {
        case shared
        case `private`
        case locked
    }

    package var kind = Kind.bind
    /// Absolute; empty for a secret that is a variable only.
    package var target = ""
    package var isReadOnly = true
    /// The step whose files are mounted; nil for none.
    package var source: StepID?
    /// The path in these files.
    package var path = ""
    /// What a cache, a secret or an agent is known by.
    package var id = ""
    package var sharing = Sharing.shared
    package var isRequired = false
    package var mode: UInt32?
    package var uid: UInt32?
    package var gid: UInt32?
    /// The bytes of a tmpfs; nil for no bound.
    package var size: Int64?
    /// The variable that a secret is given by.
    package var variable: String?

    package init() {}
}

/// The options of a mount as they are written, variables filled in.
struct MountOptions {
    private(set) var mount = RunMount()
    /// A stage, a named context or an image.
    private(set) var from: String?
    private(set) var target = ""
    private(set) var source = ""
    private var id = ""
    private var writes: Bool?
    private var isRequired: Bool?
    private var sharing: RunMount.Sharing?

    private static let keys = [
        "type", "from", "source", "src", "target", "dst", "destination", "readonly", "ro", "readwrite", "rw",
        "required",
        "id", "sharing", "mode", "uid", "gid", "size", "env",
    ]

    /// Reads options.
    ///
    /// - Parameters:
    ///   - text: `key=value` or `key` between commas.
    ///   - expand: Fills in the variables of a value.
    /// - Throws: ``BuildProblem`` without a place.
    init(_ text: String, _ expand: (String) throws(BuildProblem) -> String) throws(BuildProblem) {
        guard let fields = CommaSeparatedFields.read(text) else {
            throw BuildProblem("`--mount=\(text.shown)`: a quotation mark has no end")
        }
        var values: [(key: String, value: String?)] = []
        for field in fields {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value: String? = if parts.count > 1 { try expand(String(parts[1])) } else { nil }
            values.append((String(parts[0]).lowercased(), value))
        }
        // The type decides which of the others may be there, wherever it stands.
        for (key, value) in values where key == "type" {
            mount.kind = try Self.choice(value, "type", RunMount.Kind.self)
        }
        for (key, value) in values where key != "type" { try set(key, value) }
        try finish()
    }

    private mutating func set(_ key: String, _ value: String?) throws(BuildProblem) {
        switch key {
        case "readonly", "ro": writes = try !Self.truth(key, value)
        case "readwrite", "rw": writes = try Self.truth(key, value)
        case "required":
            try allow(key, .secret, .ssh)
            isRequired = try Self.truth(key, value)
        case "from": from = try Self.text(key, value)
        case "source", "src": source = try Self.text(key, value)
        case "target", "dst", "destination": target = try Self.text(key, value)
        case "id": id = try Self.text(key, value)
        case "sharing":
            try allow(key, .cache)
            sharing = try Self.choice(value, key, RunMount.Sharing.self)
        case "mode":
            try allow(key, .cache, .secret, .ssh)
            mount.mode = try Self.number(key, value, radix: 8)
        case "uid":
            try allow(key, .cache, .secret, .ssh)
            mount.uid = try Self.number(key, value, radix: 10)
        case "gid":
            try allow(key, .cache, .secret, .ssh)
            mount.gid = try Self.number(key, value, radix: 10)
        case "size":
            try allow(key, .tmpfs)
            guard let size = try? ByteCountText.parse(try Self.text(key, value)) else {
                throw BuildProblem("`size=\((value ?? "").shown)` of a mount is no number of bytes such as 64m")
            }
            mount.size = size
        case "env":
            try allow(key, .secret)
            mount.variable = try Self.text(key, value)
        default:
            throw BuildProblem("unexpected key `\(key.shown)` of a mount", at: nil, word: key, among: Self.keys)
        }
    }

    /// Fills in what follows from the rest.
    private mutating func finish() throws(BuildProblem) {
        let isWritable = mount.kind == .cache || mount.kind == .tmpfs
        mount.isReadOnly = writes.map { !$0 } ?? !isWritable
        mount.isRequired = isRequired ?? false
        mount.sharing = sharing ?? .shared
        mount.path = source
        if from != nil, mount.kind != .bind, mount.kind != .cache {
            throw BuildProblem("a mount of type \(mount.kind.rawValue) takes no `from`")
        }
        switch mount.kind {
        case .secret: try finishSecret()
        case .ssh:
            mount.id = !id.isEmpty ? id : source.isEmpty ? "default" : source
            mount.mode = mount.mode ?? 0o600
        case .cache:
            mount.id = id
            mount.mode = mount.mode ?? 0o755
        case .bind, .tmpfs: break
        }
    }

    private mutating func finishSecret() throws(BuildProblem) {
        if !source.isEmpty, !id.isEmpty { throw BuildProblem("a secret mount takes `id` or `source`, not both") }
        mount.id = source.isEmpty ? id : source
        if mount.id.isEmpty { mount.id = target.lastPathName }
        if mount.id.isEmpty { throw BuildProblem("a secret mount needs an `id` or a `target`") }
        if target.isEmpty, mount.variable == nil { target = "/run/secrets/" + mount.id.lastPathName }
        mount.path = ""
        mount.mode = mount.mode ?? 0o400
    }

    private func allow(_ key: String, _ kinds: RunMount.Kind...) throws(BuildProblem) {
        if kinds.contains(mount.kind) { return }
        throw BuildProblem("a mount of type \(mount.kind.rawValue) takes no `\(key)`")
    }

    private static func text(_ key: String, _ value: String?) throws(BuildProblem) -> String {
        guard let value else { throw BuildProblem("`\(key)` of a mount has no value: write `\(key)=…`") }
        return value
    }

    private static func truth(_ key: String, _ value: String?) throws(BuildProblem) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "t", "1": return true
        case "false", "f", "0": return false
        default: throw BuildProblem("`\(key)=\((value ?? "").shown)` of a mount is neither true nor false")
        }
    }

    private static func number(_ key: String, _ value: String?, radix: Int) throws(BuildProblem) -> UInt32 {
        guard let number = UInt32(try text(key, value), radix: radix) else {
            throw BuildProblem(
                "`\(key)=\((value ?? "").shown)` of a mount is no \(radix == 8 ? "octal " : "")number"
            )
        }
        return number
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ value: String?,
        _ key: String,
        _: Choice.Type
    ) throws(BuildProblem) -> Choice {
        let text = try text(key, value)
        if let choice = Choice(rawValue: text.lowercased()) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        throw BuildProblem(
            "`\(key)=\(text.shown)` of a mount is none of \(names.joined(separator: ", "))",
            at: nil,
            word: text,
            among: names
        )
    }
}
