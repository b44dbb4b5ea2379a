// SPDX-License-Identifier: Apache-2.0

import Arguments

/// Tables of the commands of Docker Compose whose `--format` knows no templates.
enum ProjectTable {
    /// What `--format` asks for.
    enum Format {
        case table
        case json
    }

    /// The text of a table.
    ///
    /// - Parameters:
    ///   - headers: The titles of the columns.
    ///   - rows: As many cells in each row.
    /// - Returns: The lines.
    static func text(_ headers: [String], _ rows: [[String]]) -> String {
        let lines = ([headers] + rows).map { $0.joined(separator: "\t") + "\n" }
        return TabWriter(minimumWidth: 20, padding: 3).aligned(lines.joined())
    }

    /// The option `--format`.
    static func option(store: @escaping (Format) -> Void) -> Option {
        .value(
            "format",
            "form",
            help: "The form: table or json.",
            default: "table",
            completion: .words(["table", "json"])
        ) { text throws(InvalidValue) in
            switch text.lowercased() {
            case "", "table", "pretty": store(.table)
            case "json": store(.json)
            default: throw InvalidValue("table or json")
            }
        }
    }
}
