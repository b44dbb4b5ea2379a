// SPDX-License-Identifier: Apache-2.0

/// A part of a template.
indirect enum Node: Sendable {
    case text([UInt8])
    case action(Pipeline)
    case branch(Branch)
    case breakLoop
    case continueLoop
}

/// `if`, `with` or `range` with what belongs to it.
struct Branch: Sendable {
    enum Kind: String, Sendable {
        case condition = "if"
        case with
        case range
    }

    var kind: Kind
    var pipeline: Pipeline
    var body: [Node] = []
    var otherwise: [Node] = []
}

/// Commands, each of which gets the result of the one before as its last argument.
struct Pipeline: Sendable {
    var position: Int
    /// The variables on the left, with their `$`.
    var variables: [String] = []
    /// Whether they exist already.
    var isAssignment = false
    var commands: [CommandNode] = []

    /// What Go evaluates last and therefore names in errors.
    var lastOperand: Operand {
        commands.last?.operands.last ?? Operand(kind: .dot, position: position, text: ".")
    }

    /// The text in errors, as Go prints it.
    var text: String {
        let left = variables.isEmpty ? "" : variables.joined(separator: ", ") + (isAssignment ? " = " : " := ")
        return left + commands.map(\.text).joined(separator: " | ")
    }
}

/// A value, or a function and its arguments.
struct CommandNode: Sendable {
    var position: Int
    var operands: [Operand] = []

    var text: String { operands.map(\.text).joined(separator: " ") }
}

/// One value of a command.
struct Operand: Sendable {
    indirect enum Kind: Sendable {
        case dot
        case null
        case constant(Value)
        case field
        case variable(String)
        case function(String)
        case pipeline(Pipeline)
    }

    var kind: Kind
    /// The fields that are taken one after another.
    var fields: [String] = []
    var position: Int
    /// The text in errors.
    var text: String
}
