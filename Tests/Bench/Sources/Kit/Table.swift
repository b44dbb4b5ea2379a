// SPDX-License-Identifier: Apache-2.0

/// Rows of text with aligned columns: the first to the left, the numbers to the right.
package struct Table: CustomStringConvertible {
    private var rows: [[String]]

    package init(_ header: [String]) {
        rows = [header]
    }

    package mutating func append(_ row: [String]) {
        rows.append(row)
    }

    package var description: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}

/// A time in milliseconds with one decimal place.
package func milliseconds(_ seconds: Double) -> String {
    "\(decimal(seconds * 1e3, 1)) ms"
}

/// A number with a fixed count of decimal places.
package func decimal(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return "-" }
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let zeroes = String(repeating: "0", count: max(0, places - fraction.count))
    return (value < 0 && scaled != 0 ? "-" : "") + "\(scaled / scale)" + (places > 0 ? ".\(zeroes)\(fraction)" : "")
}

/// The middle of some numbers; NaN where there are none.
package func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let (lower, upper) = ((sorted.count - 1) / 2, sorted.count / 2)
    return sorted.isEmpty ? .nan : (sorted[lower] + sorted[upper]) / 2
}
