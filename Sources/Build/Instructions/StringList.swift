// SPDX-License-Identifier: Apache-2.0

import JSONTree

extension LineText {
    /// The texts of a list in JSON.
    ///
    /// - Returns: Nil where it is no list in JSON: then it is something else that may begin with a bracket.
    /// - Throws: ``BuildProblem`` where it is a list of other things than texts.
    func stringList() throws(BuildProblem) -> [String]? {
        guard scalars.first == "[", let document = try? JSON(Array(string.utf8)), let items = document.array else {
            return nil
        }
        let texts = items.compactMap(\.string)
        guard texts.count == items.count else {
            throw BuildProblem("a list in JSON form has something other than texts in it", at: place)
        }
        return texts
    }

    /// The texts of a list in JSON, or the words between blanks.
    func listOrFields() throws(BuildProblem) -> [Word] {
        guard let texts = try stringList() else { return fields }
        return texts.map { Word($0, at: place) }
    }
}
