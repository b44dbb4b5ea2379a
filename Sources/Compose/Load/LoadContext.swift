// SPDX-License-Identifier: Apache-2.0

import YAML

/// What the phases of one load share: the texts, the problems found so far, and the limits.
final class LoadContext {
    var sources = SourceMap()
    let diagnostics = DiagnosticBag()
    let options: LoadOptions
    /// The user's home folder, for `~`.
    let home: String?
    let history: OverrideHistory?
    private var interpolations: [[String]: UInt32] = [:]
    private var unset: Set<String> = []
    private var parsed: [String: [Document]?] = [:]
    private var sourceIDs: [String: SourceID] = [:]
    private var loadedFiles = 0
    /// What may still be produced, so that a small hostile file cannot grow without bounds.
    var budget = Budget()

    /// How much one load may produce; real projects stay far below.
    struct Budget {
        /// Bytes of all files together.
        var bytes = Allowance(64 << 20)
        /// Bytes that interpolation writes.
        var interpolatedBytes = Allowance(32 << 20)
        /// Ports that ranges expand to.
        var ports = Allowance(150_000)
        /// Nodes that services take over from those they extend.
        var extendedNodes = Allowance(1_000_000)
    }

    /// How much of one thing a load may produce.
    struct Allowance {
        let limit: Int
        private var left: Int

        init(_ limit: Int) {
            self.limit = limit
            left = limit
        }

        /// Whether more was asked for than there was.
        var isOverdrawn: Bool { left < 0 }

        /// Takes some of it; false where that is more than is left.
        mutating func take(_ amount: Int) -> Bool {
            left -= amount
            return left >= 0
        }
    }

    /// Takes some of a part of the budget; false, after reporting it once, when that part is used up.
    func spend(_ amount: Int, of part: inout Allowance, on thing: String, at origin: Origin?) -> Bool {
        guard !part.isOverdrawn else {
            return false
        }
        guard !part.take(amount) else {
            return true
        }
        diagnostics.error(
            .invalidValue,
            "the project is too large: \(thing) exceed \(part.limit) in all",
            at: origin
        )
        return false
    }

    /// A project that reads more compose files than this, by `include` and `extends`, is refused.
    private static let fileLimit = 10_000

    init(options: LoadOptions, home: String?) {
        self.options = options
        self.home = home
        history = options.recordsHistory ? OverrideHistory() : nil
    }

    /// The number of a record of interpolated variables, the same for the same variables.
    func interpolation(of variables: [String]) -> UInt32 {
        if let known = interpolations[variables] {
            return known
        }
        let number = sources.add(SourceMap.Interpolation(variables: variables))
        interpolations[variables] = number
        return number
    }

    /// Warns of a variable that is not set, once for each place.
    func reportUnset(_ name: String, at origin: Origin, path: NodePath) {
        guard unset.insert("\(name) \(origin.file.rawValue):\(origin.line):\(origin.column)").inserted else {
            return
        }
        diagnostics.warning(
            .unsetVariable,
            "the variable `\(name)` is not set and becomes an empty string",
            at: origin,
            path: path
        )
    }

    /// The documents of a compose file, read and parsed once; nil after reporting that this failed.
    ///
    /// - Parameters:
    ///   - path: The absolute path, or `-` for standard input.
    ///   - referrer: Where the file is named, for a file that another one includes or extends.
    /// - Returns: The documents in their order.
    func documents(of path: String, referrer: Origin? = nil) -> [Document]? {
        loadedFiles += 1
        guard loadedFiles <= Self.fileLimit else {
            if loadedFiles == Self.fileLimit + 1 {
                diagnostics.error(
                    .cycle,
                    "the project reads more than \(Self.fileLimit) files through `include` and `extends`",
                    at: referrer
                )
            }
            return nil
        }
        if let known = parsed[path] {
            return known
        }
        let documents = readDocuments(of: path, referrer: referrer)
        parsed[path] = .some(documents)
        return documents
    }

    private func readDocuments(of path: String, referrer: Origin?) -> [Document]? {
        let contents: [UInt8]
        do {
            contents = try read(path)
        } catch {
            diagnostics.error(.unreadableFile, error.message, at: referrer)
            return nil
        }
        let id = add(path, contents)
        do {
            return try Parser.parse(contents, source: id)
        } catch {
            diagnostics.report(
                Diagnostic(
                    .error,
                    .syntax,
                    error.message,
                    at: error.origin,
                    notes: error.notes.map { Diagnostic.Note($0.message, at: $0.origin) }
                )
            )
            return nil
        }
    }

    /// The bytes of a file, within the limit for all files of the project together.
    func read(_ path: String) throws(SourceReader.Failure) -> [UInt8] {
        let contents = try SourceReader.read(path)
        guard budget.bytes.take(contents.count) else {
            let limit = budget.bytes.limit >> 20
            throw SourceReader.Failure(
                message: "cannot read `\(path)`: the project's files exceed \(limit) MiB together"
            )
        }
        return contents
    }

    /// Registers a text that origins point into; the same path keeps its number.
    func add(_ path: String, _ contents: [UInt8]) -> SourceID {
        if let known = sourceIDs[path] {
            return known
        }
        let id = sources.add(SourceMap.Source(path: path, contents: contents))
        sourceIDs[path] = id
        return id
    }
}
