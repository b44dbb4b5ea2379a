// SPDX-License-Identifier: Apache-2.0

/// A Dockerfile as it is written: its stages, with nothing filled in.
package struct Dockerfile: Sendable {
    /// A stage: `FROM` and what follows it.
    package struct Stage: Sendable {
        package var from: FromInstruction
        /// The `FROM` itself.
        package var instruction: Instruction
        /// The others.
        package var instructions: [Instruction] = []
    }

    package private(set) var directives: Directives
    /// The ARG before the first stage.
    package private(set) var globalArguments: [Instruction] = []
    package private(set) var stages: [Stage] = []
    /// What cannot be understood.
    package private(set) var problems: [BuildProblem] = []

    /// Reads a Dockerfile; what is wrong is among its problems.
    ///
    /// - Parameter bytes: The file.
    package init(_ bytes: [UInt8]) {
        if bytes.count > Limits.fileSize {
            directives = Directives()
            problems = [BuildProblem("the Dockerfile has more than \(Limits.fileSize) bytes")]
            return
        }
        directives = Directives(bytes, &problems)
        if let offset = bytes.firstIndex(of: 0) {
            let line = bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
            problems = [
                BuildProblem(
                    "there is a NUL: the Dockerfile is no text in UTF-8",
                    at: SourcePlace(line: line, column: 1)
                )
            ]
            return
        }
        if let foreign = directives.foreignFrontend {
            problems.append(
                BuildProblem(
                    "the file wants to be understood by `\(foreign.value.shown)`, and wharf runs no foreign frontends",
                    at: foreign.place,
                    help: "`docker/dockerfile:1` is built in"
                )
            )
        }
        var reader = InstructionReader(bytes, directives)
        var isOver = false
        while !isOver, problems.count < Limits.problems {
            do throws(BuildProblem) {
                if let instruction = try reader.next() { try add(instruction) } else { isOver = true }
            } catch {
                problems.append(error)
            }
        }
        if stages.isEmpty, problems.isEmpty {
            problems.append(
                BuildProblem(
                    globalArguments.isEmpty ? "the Dockerfile has no instructions" : "the Dockerfile has no FROM"
                )
            )
        }
    }

    private mutating func add(_ instruction: Instruction) throws(BuildProblem) {
        switch instruction.content {
        case .from(let from): stages.append(Stage(from: from, instruction: instruction))
        case .arg where stages.isEmpty: globalArguments.append(instruction)
        default:
            guard !stages.isEmpty else {
                throw BuildProblem(
                    "\(instruction.keyword.rawValue) stands before the first FROM, where only ARG can",
                    at: instruction.place
                )
            }
            stages[stages.count - 1].instructions.append(instruction)
        }
    }

    /// All instructions in the order of the file.
    package var instructions: [Instruction] {
        globalArguments + stages.flatMap { [$0.instruction] + $0.instructions }
    }
}

extension Instruction {
    /// Reads instructions that stand by themselves: changes of `commit`, triggers of an image.
    ///
    /// - Parameters:
    ///   - text: Lines as a Dockerfile has them.
    ///   - allowed: The only instructions that can be there; nil for all.
    /// - Returns: The instructions.
    /// - Throws: ``BuildProblem`` for the first one that cannot be understood.
    package static func read(_ text: String, only allowed: Set<Keyword>? = nil) throws(BuildProblem) -> [Instruction] {
        var reader = InstructionReader(Array(text.utf8), Directives(), only: allowed)
        var instructions: [Instruction] = []
        while let instruction = try reader.next() { instructions.append(instruction) }
        return instructions
    }
}
