// SPDX-License-Identifier: Apache-2.0

/// Differences of two lists of lines, in the form of `diff -u`.
package enum UnifiedDiff {
    private static let context = 3

    /// One line of the long form: kept, taken away or added.
    private struct Line {
        var mark: Character
        var text: String
    }

    /// Writes the differences.
    ///
    /// - Parameters:
    ///   - old: the lines of the reference tool.
    ///   - new: the lines of wharf.
    /// - Returns: the lines of the differences, empty when there are none.
    package static func lines(from old: [String], to new: [String]) -> [String] {
        let all = aligned(old, new)
        var wanted = [Bool](repeating: false, count: all.count)
        for index in all.indices where all[index].mark != " " {
            for near in max(0, index - context)...min(all.count - 1, index + context) { wanted[near] = true }
        }
        var result: [String] = []
        var oldLine = 1
        var newLine = 1
        for (index, line) in all.enumerated() {
            if wanted[index] {
                if index == 0 || !wanted[index - 1] { result.append("@@ -\(oldLine) +\(newLine) @@") }
                result.append("\(line.mark)\(line.text)")
            }
            if line.mark != "+" { oldLine += 1 }
            if line.mark != "-" { newLine += 1 }
        }
        return result
    }

    private static func aligned(_ old: [String], _ new: [String]) -> [Line] {
        var removed = Set<Int>()
        var inserted = Set<Int>()
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [Line] = []
        var left = 0
        var right = 0
        while left < old.count || right < new.count {
            if removed.contains(left) {
                lines.append(Line(mark: "-", text: old[left]))
                left += 1
            } else if inserted.contains(right) {
                lines.append(Line(mark: "+", text: new[right]))
                right += 1
            } else {
                lines.append(Line(mark: " ", text: new[right]))
                left += 1
                right += 1
            }
        }
        return lines
    }
}
