// SPDX-License-Identifier: Apache-2.0

/// The last lines of what a program writes.
struct OutputTail {
    /// The most lines that are kept.
    static let capacity = 6
    /// The most characters that are kept of a line that has no end yet.
    private static let longestLine = 1024

    private var ended: [String] = []
    private var open = ""

    /// The lines, the last of them perhaps without its end yet.
    var lines: [String] {
        let last = Self.shown(open)
        return Array((last.isEmpty ? ended : ended + [last]).suffix(Self.capacity))
    }

    /// Takes in more of the output.
    mutating func append(_ text: String) {
        // Swift takes both characters of an end of line as one.
        var pieces = (open + text).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { Substring($0) }
        open = String(pieces.removeLast().suffix(Self.longestLine))
        ended += pieces.suffix(Self.capacity).map(Self.shown)
        ended.removeFirst(max(0, ended.count - Self.capacity))
    }

    /// What a terminal would show of a line in the end, without colours.
    private static func shown(_ line: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        LogText.append(Array(line.utf8)[...], isColoured: false, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
