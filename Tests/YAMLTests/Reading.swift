// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

/// Reads a text that has one document.
func read(_ text: String) throws -> Node {
    try #require(try documents(text).first).root
}

/// Reads a text.
func documents(_ text: String, limits: Parser.Limits = .standard) throws(SyntaxError) -> [Document] {
    try Parser.parse(Array(text.utf8), source: SourceID(rawValue: 0), limits: limits)
}
