// SPDX-License-Identifier: Apache-2.0

import Arguments
import GoTemplate
import JSONTree

/// A list of things that `--format` prints: as a table, as JSON, or by a template, all as Docker does it.
struct Listing {
    /// The name of the Go type of a row, which errors about missing fields name.
    let typeName: String
    /// The headers of the columns by the fields of a row.
    let headers: KeyValuePairs<String, String>
    /// The template of the table that is printed where nothing else is asked for.
    let table: String

    /// The same list with other columns in its table.
    func showing(_ table: String) -> Listing { Listing(typeName: typeName, headers: headers, table: table) }

    /// The fields of a row that a form shows.
    ///
    /// - Parameter format: The form, as for ``text(_:format:)``.
    /// - Returns: The fields; nil where a template may show any.
    func fields(shownBy format: String) -> Set<String>? {
        guard ["", "table"].contains(format) else { return nil }
        return Set(table.split(separator: "{{.").map { String($0.prefix { $0 != "}" }) })
    }

    /// The text of the list, with a line break at its end unless it is empty.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - format: `table`, `json`, a template, or `table` and a template; empty is `table`.
    /// - Returns: The text.
    /// - Throws: ``CommandFailure`` where the template cannot be read or filled in.
    func text(_ rows: [Value.Structure], format: String = "") throws -> String {
        let form = Form(format, table: table)
        do throws(TemplateError) {
            let template = try Template(form.template)
            var lines = ""
            for var row in rows {
                row.typeName = typeName
                lines += try template.text(for: .structure(row)) + "\n"
            }
            guard form.isTable else { return lines }
            let entries = headers.map { (key: $0.key, value: Value.string($0.value)) }
            var titles = Value.Map(entries, zero: Value.none)
            titles.methods["Label"] = { .string(Self.title(ofLabel: $0)) }
            let header = try template.text(for: .map(titles), isHeader: true)
            return TabWriter().aligned(header + "\n" + lines)
        } catch {
            throw CommandFailure(message: "failed to use the template of `--format`: \(error.message)")
        }
    }

    /// The title of a column of labels: the last part of the key in words, as Docker makes it.
    private static func title(ofLabel key: String) -> String {
        let last = key.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        return String(last.map { $0 == "-" || $0 == "_" ? " " : $0 })
    }

    /// What `--format` asks for.
    private struct Form {
        var template: String
        var isTable = true

        init(_ format: String, table: String) {
            switch format {
            case "", "table": template = table
            case "json":
                template = "{{json .}}"
                isTable = false
            default:
                isTable = format.hasPrefix("table ") || format.hasPrefix("table\t") || format.hasPrefix("table{")
                template = isTable ? String(format.dropFirst("table".count)) : format
                template = TemplateText.read(template)
            }
        }
    }
}

/// The text of a template as it is given on a command line.
enum TemplateText {
    /// The template without spaces around it, with `\t` and `\n` read as what they mean in Go.
    static func read(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "t") || rest.first == UInt8(ascii: "n") {
                bytes.append(rest.popFirst() == UInt8(ascii: "t") ? 9 : 10)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Listing {
    /// The format of a list of networks or volumes with `--quiet`: one field, unless a form is asked for.
    static func field(_ name: String, unless format: String) -> String {
        ["", "table"].contains(format) ? "{{.\(name)}}" : format
    }
}

extension Option {
    /// The option `--format` of a list.
    static func listFormat(store: @escaping (String) -> Void) -> Option {
        .value(
            "format",
            "form",
            help: "The form: table, json, a Go template, or `table TEMPLATE` for one with headers.",
            default: "table",
            completion: .words(["table", "json"])
        ) { store($0) }
    }
}

extension String {
    /// The first characters and an ellipsis in place of what is too long, as Docker cuts texts.
    func ellipsis(_ width: Int) -> String {
        guard unicodeScalars.count > width else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.prefix(width - 1))) + "…"
    }

    /// The short form of an identifier: twelve digits, without `sha256:`.
    var shortID: String {
        let digits = firstIndex(of: ":").map { self[index(after: $0)...] } ?? self[...]
        return String(digits.prefix(12))
    }

    /// The text in quotes as Go's `strconv.Quote` writes it.
    var goQuoted: String {
        (try? Template("{{printf \"%q\" .}}").text(for: .string(self))) ?? self
    }
}
