// SPDX-License-Identifier: Apache-2.0

/// A template of Go's text/template with the functions that Docker's `--format` adds.
///
/// `define`, `template` and `block` are not offered: a template of one line has no use for them.
package struct Template: Sendable {
    /// What the filling in may take at most.
    package struct Bounds: Sendable {
        /// Bytes of output.
        package var output = 64 << 20
        /// Actions, functions and rounds of loops.
        package var steps = 10_000_000

        package init() {}
    }

    private let nodes: [Node]
    private let source: String

    /// Reads a template.
    ///
    /// - Parameter text: The text.
    /// - Throws: What is wrong, in Go's words.
    package init(_ text: String) throws(TemplateError) {
        var parser = try Parser(text)
        nodes = try parser.run()
        source = text
    }

    /// Fills the template in.
    ///
    /// - Parameters:
    ///   - data: What `.` is.
    ///   - isHeader: Whether functions leave texts as they are, as Docker does it for the headers of tables.
    ///   - bounds: What it may take.
    /// - Returns: The text.
    /// - Throws: What cannot be done, in Go's words.
    package func text(
        for data: Value,
        isHeader: Bool = false,
        bounds: Bounds = Bounds()
    ) throws(TemplateError) -> String {
        var executor = Executor(source: source, isHeader: isHeader, bounds: bounds)
        try executor.run(nodes, on: data)
        return String(decoding: executor.output, as: UTF8.self)
    }
}
