// SPDX-License-Identifier: Apache-2.0

/// What a Dockerfile may be at most: nobody writes more, and whoever generates it does not get the memory of the machine.
package enum Limits {
    /// The bytes of a Dockerfile.
    package static let fileSize = 4 << 20
    /// The characters of an instruction, with all the lines that continue it.
    static let lineLength = 1 << 20
    /// The instructions of a file.
    static let instructions = 4000
    /// The problems that are collected; nobody reads on.
    static let problems = 1000
    /// The here-documents of an instruction.
    static let heredocs = 100
    /// The variables that a stage has at a time.
    static let variables = 4000
    /// The characters that one text becomes by filling in its variables.
    static let expansion = 1 << 20
    /// The characters that all texts of a file become by that.
    static let totalExpansion = 32 << 20
    /// How deep `${a:-${b:-…}}` goes.
    static let nesting = 64
    /// The characters that are compared with patterns of `${a%…}`.
    static let patternWork = 1 << 24
    /// The ports that a stage exposes: those of three protocols.
    static let ports = 3 * 65_535
}
