// SPDX-License-Identifier: Apache-2.0

/// Reads YAML text into trees.
///
/// The grammar is libyaml's. Plain scalars, tags, merge keys and the rest of what a tree means follow go-yaml v3, since
/// compose files are written against it.
package struct Parser {
    /// How far a text may go before it is refused.
    package struct Limits: Sendable {
        /// How deep collections may nest, aliases expanded.
        package var depth: Int
        /// How deep `[…]` and `{…}` may nest: libyaml takes a time for each of their values that grows with this.
        package var flowDepth: Int
        /// How many nodes aliases may add to a document in all.
        package var aliasedNodes: Int
        /// How many nodes a stream may have, aliases expanded.
        package var nodes: Int

        /// Makes a set of limits.
        package init(
            depth: Int = 1000,
            flowDepth: Int = 200,
            aliasedNodes: Int = 1_000_000,
            nodes: Int = 1_000_000
        ) {
            self.depth = depth
            self.flowDepth = flowDepth
            self.aliasedNodes = aliasedNodes
            self.nodes = nodes
        }

        /// Limits that no reasonable file reaches and every machine can bear.
        package static let standard = Limits()
    }

    /// Reads every document of a stream.
    ///
    /// A stream without content (empty, or comments alone) has no document. A document without content, as between two
    /// `---`, is a null node.
    ///
    /// - Parameters:
    ///   - contents: The text: UTF-8 with or without a byte order mark, or UTF-16 with one.
    ///   - source: The number that the origins of the nodes carry.
    ///   - limits: When to give up.
    /// - Returns: The documents, in their order.
    /// - Throws: The first problem of the text.
    package static func parse(
        _ contents: [UInt8],
        source: SourceID,
        limits: Limits = .standard
    ) throws(SyntaxError) -> [Document] {
        try contents.withUnsafeBufferPointer { (text) throws(SyntaxError) in
            var builder = TreeBuilder(text: text, source: source, limits: limits)
            return try builder.documents()
        }
    }
}
