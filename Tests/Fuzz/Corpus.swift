// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A set of files that is a project, and how to load it.
struct FileSet {
    struct File {
        var name: String
        var bytes: [UInt8]
    }

    var files: [File]
    /// The compose files that are named on the command line; empty to look for them.
    var named: [String] = []
    var profiles: [String] = []
    var environment: [String: String] = [:]
}

/// What the fuzzer starts from: the cases of the conformance tests and the example project.
struct Corpus {
    var sets: [FileSet] = []
    /// All lines of all files, to be mixed.
    var lines: [[UInt8]] = []
    /// What is put anywhere.
    var tokens = Dictionary.tokens
    /// What is put in the place of a word.
    var words = Dictionary.words

    init(_ subject: Subject) throws {
        switch subject {
        case .projects: try readProjects()
        case .dockerfiles:
            sets = Dockerfiles.files.map { text in
                FileSet(files: [
                    FileSet.File(name: "Dockerfile", bytes: Array(text.utf8)),
                    FileSet.File(name: ".dockerignore", bytes: Array(Dockerfiles.ignoreFile.utf8)),
                ])
            }
            (tokens, words) = (Dockerfiles.tokens, Dockerfiles.words)
        }
        // A split line keeps no newline; the mixer adds it.
        lines = sets.flatMap { $0.files.flatMap { $0.bytes.split(separator: UInt8(ascii: "\n")).map(Array.init) } }
    }

    private mutating func readProjects() throws {
        let cases = "\(Repository.root)/Tests/Conformance/Cases"
        for name in names(in: cases) where name.hasSuffix(".cases") {
            sets += Self.sets(of: try readText("\(cases)/\(name)"))
        }
        let example = "\(Repository.root)/examples/shop"
        let shop = try files(below: example).map { FileSet.File(name: $0, bytes: try readBytes("\(example)/\($0)")) }
        sets.append(FileSet(files: shop, profiles: ["*"]))
        if sets.count < 10 { throw SystemFailure(message: "no cases in \(cases)") }
    }

    /// The file sets of a text of cases, in the format that `Tests/Conformance/README.md` describes.
    ///
    /// What is not understood is left out: a corpus need not be exact.
    static func sets(of text: String) -> [FileSet] {
        var sets: [FileSet] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("=== ") {
                sets.append(FileSet(files: []))
            } else if sets.isEmpty {
                continue
            } else if line.hasPrefix("--- ") {
                let name = line.dropFirst(4).prefix { $0 != " " }
                sets[sets.count - 1].files.append(FileSet.File(name: safeName(name), bytes: []))
            } else if sets[sets.count - 1].files.isEmpty {
                readHeader(line, into: &sets[sets.count - 1])
            } else {
                let last = sets[sets.count - 1].files.count - 1
                sets[sets.count - 1].files[last].bytes += Array(line.utf8) + [UInt8(ascii: "\n")]
            }
        }
        return sets.filter { !$0.files.isEmpty }
    }

    private static func readHeader(_ line: Substring, into set: inout FileSet) {
        let words = line.split(separator: " ")
        switch words.first {
        case "args:":
            for (flag, value) in zip(words, words.dropFirst()) {
                if flag == "-f" { set.named.append(String(value)) }
                if flag == "--profile" { set.profiles.append(String(value)) }
            }
        case "env:":
            let pair = line.dropFirst(5).split(separator: "=", maxSplits: 1)
            if pair.count == 2 { set.environment[String(pair[0])] = String(pair[1]) }
        default: break
        }
    }

    /// A name that stays inside the folder of the project.
    private static func safeName(_ name: Substring) -> String {
        let parts = name.split(separator: "/").filter { $0 != ".." && $0 != "." && $0 != "~" }
        return parts.isEmpty ? "compose.yaml" : parts.joined(separator: "/")
    }
}
