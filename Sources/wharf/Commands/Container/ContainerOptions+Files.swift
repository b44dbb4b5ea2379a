// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc

import enum Compose.FilePath

extension ContainerOptions {
    /// `--secret` or `--config`.
    func fileOption(_ kind: String) -> Option {
        let place = kind == "secret" ? "/run/secrets/NAME" : "/NAME"
        return .value(
            kind,
            "key=value,…",
            help: "A \(kind), kept in memory (wharf's own): source=PATH or environment=VARIABLE, "
                + "target= (\(place) unless given), uid=, gid=, mode= (0444).",
            isRepeatable: true
        ) { text throws(InvalidValue) in
            self.host.files = (self.host.files ?? []) + [try GivenFileText.read(text, kind: kind)]
        }
    }
}

/// The value of `--secret` or `--config`: `KEY=VALUE` pairs with commas between them.
struct GivenFileText {
    private var file = GivenFile()
    /// What a file without a target is called.
    private var name = ""

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: The pairs.
    ///   - kind: `secret` or `config`.
    /// - Returns: The file as a request has it.
    /// - Throws: What is wrong with a pair.
    static func read(_ text: String, kind: String) throws(InvalidValue) -> GivenFile {
        var reader = GivenFileText()
        reader.file.kind = kind
        for field in try CommaSeparated.fields(text) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw InvalidValue("`KEY=VALUE` pairs; `\(parts[0])` has no value") }
            try reader.set(parts[0].lowercased(), parts[1])
        }
        return try reader.finish()
    }

    private mutating func set(_ key: String, _ value: String) throws(InvalidValue) {
        switch key {
        case "source", "src":
            file.source = try Self.absolute(value)
            name = value.split(separator: "/").last.map(String.init) ?? ""
        case "environment", "env":
            guard let content = getenv(value) else {
                throw InvalidValue("the name of a variable that is set; `\(value)` is not")
            }
            file.content = HiddenBytes(Array(String(cString: content).utf8))
            name = value
        case "target", "dst", "destination": file.target = value
        case "uid": file.uid = try Self.number(value, key)
        case "gid": file.gid = try Self.number(value, key)
        case "mode":
            guard let mode = Int64(value, radix: 8), (0...0o7777).contains(mode) else {
                throw InvalidValue("`KEY=VALUE` pairs; `mode` is an octal number such as 0400")
            }
            file.mode = mode
        default: throw InvalidValue("`KEY=VALUE` pairs; there is no key `\(key)`")
        }
    }

    private static func absolute(_ path: String) throws(InvalidValue) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = try? ProjectLoading.currentDirectory() else {
            throw InvalidValue("an absolute path: the current folder is unknown")
        }
        return FilePath.clean(folder + "/" + path)
    }

    private static func number(_ text: String, _ key: String) throws(InvalidValue) -> Int64 {
        guard let number = Int64(text), number >= 0 else {
            throw InvalidValue("`KEY=VALUE` pairs; `\(key)` is a number")
        }
        return number
    }

    /// A target that is not absolute is a name, as in Compose files.
    private consuming func finish() throws(InvalidValue) -> GivenFile {
        if (file.content == nil) == file.source.isEmpty {
            throw InvalidValue("either a `source` or an `environment`")
        }
        if file.target.isEmpty { file.target = name }
        file.target = GivenFile.place(of: file.target, kind: file.kind)
        return file
    }
}
