// SPDX-License-Identifier: Apache-2.0

import JSONTree

/// A comment at the start of a Dockerfile that says how to read it: `# name=value`.
package struct Directive: Hashable, Sendable {
    /// The name in lower case.
    package var name: String
    package var value: String
    package var place: SourcePlace
}

/// The directives of a Dockerfile.
///
/// They stand before everything else, a blank line included. Each one may be there once; what is no directive ends them.
/// https://docs.docker.com/reference/dockerfile/#parser-directives
package struct Directives: Sendable {
    /// The image that is asked to understand the file.
    package private(set) var syntax: Directive?
    /// Which rules are checked, and what comes of what they find.
    package private(set) var check: Directive?
    /// What continues a line and takes the meaning from a character.
    package private(set) var escape: Unicode.Scalar = "\\"
    /// How many lines they take.
    private(set) var lineCount = 0

    package init() {}

    /// Reads the directives of a file.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - problems: Gets what is wrong with them.
    init(_ bytes: [UInt8], _ problems: inout [BuildProblem]) {
        let lines = Array(SourceLines(Array(bytes.prefix(Self.reach))))
        let found = Self.scan(lines[...], prefix: "#", &problems)
        lineCount = found.count
        readEscape(found, &problems)
        // A script may begin with the program that runs it; the rest of the file has that line as a comment.
        var ignored: [BuildProblem] = []
        let isScript = lines.first?.text.starts(with: "#!".unicodeScalars) == true
        let scripted = isScript ? Self.scan(lines.dropFirst(), prefix: "#", &ignored) : found
        check = scripted.first { $0.name == "check" }
        let others = Self.scan(isScript ? lines.dropFirst() : lines[...], prefix: "//", &ignored)
        syntax = (scripted + others).first { $0.name == "syntax" } ?? Self.syntaxOfJSON(bytes)
    }

    /// Directives do not stand further down than this.
    private static let reach = 64 << 10
    private static let names: Set = ["check", "escape", "syntax"]

    private mutating func readEscape(_ found: [Directive], _ problems: inout [BuildProblem]) {
        guard let directive = found.first(where: { $0.name == "escape" }) else { return }
        switch directive.value {
        case "\\": escape = "\\"
        case "`": escape = "`"
        default:
            problems.append(
                BuildProblem(
                    "`\(directive.value.shown)` cannot be the escape character: it is `\\` or a backquote",
                    at: directive.place
                )
            )
        }
    }

    private static func scan(
        _ lines: ArraySlice<SourceLine>,
        prefix: String,
        _ problems: inout [BuildProblem]
    ) -> [Directive] {
        var found: [Directive] = []
        for line in lines {
            guard let directive = directive(line.unindented, prefix) else { break }
            if found.contains(where: { $0.name == directive.name }) {
                problems.append(
                    BuildProblem("there is more than one `\(directive.name)` directive", at: directive.place)
                )
            }
            found.append(directive)
        }
        return found
    }

    private static func directive(_ line: SourceLine, _ prefix: String) -> Directive? {
        guard line.text.starts(with: prefix.unicodeScalars) else { return nil }
        let text = line.text.dropFirst(prefix.unicodeScalars.count).trimmed
        guard let sign = text.firstIndex(of: "="), let first = text.first, first.isASCII, first.properties.isAlphabetic
        else { return nil }
        let name = text[..<sign].trimmed
        let value = text[(sign + 1)...].trimmed
        let isName = name.allSatisfy { $0.isASCII && $0.isNamePart && $0 != "_" }
        let key = String(name).lowercased()
        guard isName, !value.isEmpty, names.contains(key) else { return nil }
        return Directive(name: key, value: String(value), place: line.place)
    }

    /// Formats that are JSON name their frontend in it.
    private static func syntaxOfJSON(_ bytes: [UInt8]) -> Directive? {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"), let document = try? JSON(bytes),
            let value = document["syntax"]?.string
        else { return nil }
        return Directive(name: "syntax", value: value, place: SourcePlace(line: 1, column: 1))
    }

    /// The frontend that the file asks for, where that is another one than Docker's for Dockerfiles.
    var foreignFrontend: Directive? {
        guard let syntax, let image = syntax.value.split(separator: " ").first else { return nil }
        var name = image.prefix { $0 != "@" }
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
        for registry in ["docker.io/", "index.docker.io/"] where name.hasPrefix(registry) {
            name = name.dropFirst(registry.count)
        }
        return ["docker/dockerfile", "docker/dockerfile-upstream"].contains(name) ? nil : syntax
    }
}
