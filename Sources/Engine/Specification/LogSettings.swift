// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// What becomes of the output of a container, by its `LogConfig`.
struct LogSettings: Equatable, Sendable {
    /// Whether output is kept for those who ask for it later; otherwise only who is attached gets it, out of what there is of
    /// it for as long as it has not been read.
    var isKept = true
    /// The size in bytes at which a new file is begun; nil for never.
    var fileSize: Int64? = 10 << 20
    /// How many files there are at most.
    var fileCount = 3
    /// The names of labels that come with each line where a client asks for details.
    var labels: [String] = []
    /// The names of variables that come with each line where a client asks for details.
    var variables: [String] = []

    private static let fileOptions: Set = [
        "max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode",
        "max-buffer-size",
    ]

    /// Reads a configuration.
    ///
    /// - Parameter config: The type is `json-file`, `local` or empty for files, or `none`.
    /// - Throws: The driver or the option that is not known, in the words of Docker.
    init(_ config: LogConfig) throws(RequestProblem) {
        let options = config.config ?? [:]
        switch config.type {
        case "", "json-file", "local": break
        case "none":
            (isKept, fileCount) = (false, 2)
            if let option = options.keys.sorted().first {
                throw RequestProblem("unknown log opt '\(option.prefix(64))' for none log driver")
            }
            return
        default:
            throw RequestProblem(
                "logger: no log driver named '\(config.type.prefix(64))' is registered; there are json-file, local and none"
            )
        }
        let name = config.type.isEmpty ? "json-file" : config.type
        for (option, value) in options.sorted(by: { $0.key < $1.key }) {
            guard Self.fileOptions.contains(option) else {
                throw RequestProblem("unknown log opt '\(option.prefix(64))' for \(name) log driver")
            }
            switch option {
            case "max-size": try readSize(value)
            case "max-file": try readCount(value)
            case "labels": labels = value.split(separator: ",").map(String.init)
            case "env": variables = value.split(separator: ",").map(String.init)
            case "mode":
                guard ["", "blocking", "non-blocking"].contains(value) else {
                    throw RequestProblem("logger: log mode must be one of blocking, non-blocking: \(value.prefix(64))")
                }
            default: continue
            }
        }
    }

    /// What comes with each line where a client asks for details.
    func details(of config: ContainerConfig) -> [String: String] {
        var details: [String: String] = [:]
        for name in labels { details[name] = config.labels?[name] }
        for variable in config.env ?? [] {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, variables.contains(String(parts[0])) { details[String(parts[0])] = String(parts[1]) }
        }
        return details
    }

    private mutating func readSize(_ text: String) throws(RequestProblem) {
        if text == "-1" {
            fileSize = nil
            return
        }
        guard let size = ByteCount(text)?.bytes, size > 0 else {
            throw RequestProblem("invalid value for max-size: \"\(text.prefix(64))\": give a size such as 10m")
        }
        fileSize = size
    }

    private mutating func readCount(_ text: String) throws(RequestProblem) {
        guard let count = Int(text) else {
            throw RequestProblem("invalid value for max-file: \"\(text.prefix(64))\": give a number")
        }
        guard count >= 1 else { throw RequestProblem("max-file cannot be less than 1") }
        guard count <= 1000 else { throw RequestProblem("max-file cannot be more than 1000") }
        fileCount = count
    }
}

/// A number of bytes in the units of people: `10m`, `1.5GB`, `64KiB`; each unit is 1024 of the one before.
struct ByteCount: Equatable {
    var bytes: Int64

    private static let units: [Character: Int64] = [
        "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50,
    ]

    /// Reads a number as Docker's `RAMInBytes`; nil comes back for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= 32 else { return nil }
        let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        var unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.hasSuffix("b") { unit.removeLast() }
        guard unit.count <= 1, let value = Double(number), !number.hasPrefix("."), !number.hasSuffix(".") else {
            return nil
        }
        let factor: Int64
        if let letter = unit.first {
            guard let known = Self.units[letter] else { return nil }
            factor = known
        } else {
            factor = 1
        }
        guard let bytes = Int64(exactly: (value * Double(factor)).rounded(.down)) else { return nil }
        self.bytes = bytes
    }
}
