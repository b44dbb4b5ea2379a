// SPDX-License-Identifier: Apache-2.0

package import YAML

/// Diagnostics as a person reads them: place, sentence, source line with a caret, what to do.
package struct DiagnosticText {
    /// How the parts are marked up; plain unless set.
    package struct Markup {
        package var place: (String) -> String = { $0 }
        package var error: (String) -> String = { $0 }
        package var warning: (String) -> String = { $0 }
        package var caret: (String) -> String = { $0 }
        package var faint: (String) -> String = { $0 }

        package init() {}
    }

    let sources: SourceMap
    /// Paths below this folder are shown relative to it.
    let currentDirectory: String
    let markup: Markup

    /// A line longer than this is cut around the caret.
    private static let width = 160

    package init(sources: SourceMap, currentDirectory: String, markup: Markup = Markup()) {
        self.sources = sources
        self.currentDirectory = currentDirectory
        self.markup = markup
    }

    /// More than this in one go helps nobody.
    private static let limit = 50

    /// The first diagnostics, each ending in a line break, and how many more there are.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        let text = diagnostics.prefix(Self.limit).map(render).joined()
        let rest = diagnostics.count - Self.limit
        return rest > 0 ? text + "… and \(rest) more\n" : text
    }

    /// One diagnostic, ending in a line break.
    package func render(_ diagnostic: Diagnostic) -> String {
        let label = diagnostic.severity == .error ? markup.error("error") : markup.warning("warning")
        var text = ""
        if let origin = diagnostic.origin, let place = place(of: origin) {
            text += markup.place(place) + ": "
        }
        text += "\(label): \(Self.printable(diagnostic.message))\n"
        if let origin = diagnostic.origin {
            text += excerpt(at: origin)
        }
        if let suggestion = diagnostic.suggestion {
            text += "  help: \(Self.printable(suggestion))\n"
        }
        for note in diagnostic.notes {
            let place = place(of: note.origin).map { markup.place($0) + ": " } ?? ""
            text += "  \(place)note: \(Self.printable(note.message))\n"
        }
        return text
    }

    /// `file:line:column`, or nil for a value that stands in no file.
    package func place(of origin: Origin) -> String? {
        guard let source = sources[origin.file] else {
            return nil
        }
        let name = Self.printable(shown(source.path))
        return origin.line == 0 ? name : "\(name):\(origin.line):\(origin.column)"
    }

    private func shown(_ path: String) -> String {
        if path == "-" {
            return "<stdin>"
        }
        let folder = currentDirectory.hasSuffix("/") ? currentDirectory : currentDirectory + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
    }

    /// The source line with a caret under the column.
    private func excerpt(at origin: Origin) -> String {
        guard origin.column > 0 else {
            return ""
        }
        let column = Int(origin.column) - 1
        let start = column < Self.width - 20 ? 0 : column - Self.width / 2
        guard let line = sources.line(origin.line, columns: start..<(start + Self.width), of: origin.file) else {
            return ""
        }
        let characters = line.unicodeScalars.map(Self.visible)
        let number = String(origin.line)
        let gutter = String(repeating: " ", count: number.count)
        let shown = String(String.UnicodeScalarView(characters))
        let indent = String(repeating: " ", count: min(column - start, characters.count))
        return markup.faint(" \(number) | ") + shown + "\n"
            + markup.faint(" \(gutter) | ") + indent + markup.caret("^") + "\n"
    }

    /// Control characters would move the cursor or change colours of the reader's terminal.
    private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.properties.generalCategory {
        case .control: scalar == "\t" ? " " : "\u{FFFD}"
        case .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
        default: scalar
        }
    }

    private static func printable(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 > 0x7F }) else {
            return text
        }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\n" ? " " : visible($0) }))
    }
}
