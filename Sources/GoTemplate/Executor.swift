// SPDX-License-Identifier: Apache-2.0

/// Fills a template in, as Go's text/template/exec does.
struct Executor {
    private let source: [UInt8]
    private let isHeader: Bool
    private let bounds: Template.Bounds
    private(set) var output: [UInt8] = []
    private var variables: [(name: String, value: Value)] = []
    private var steps = 0

    init(source: String, isHeader: Bool, bounds: Template.Bounds) {
        self.source = Array(source.utf8)
        self.isHeader = isHeader
        self.bounds = bounds
    }

    mutating func run(_ nodes: [Node], on data: Value) throws(TemplateError) {
        variables = [("$", data)]
        _ = try walk(nodes, data)
    }

    /// What follows a list of nodes.
    private enum Flow {
        case next, leave, again
    }

    /// An error at a place: its line and column, and the text of what was evaluated.
    private func failure(_ position: Int, _ text: String, _ message: String) -> TemplateError {
        let before = source.prefix(position)
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        let column = position - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
        return TemplateError("template: :\(line):\(column): executing \"\" at <\(text)>: \(message)")
    }

    private mutating func step() throws(TemplateError) {
        steps += 1
        if steps > bounds.steps {
            throw TemplateError("template: the template takes more than \(bounds.steps) steps")
        }
    }

    private mutating func write(_ bytes: [UInt8]) throws(TemplateError) {
        guard output.count + bytes.count <= bounds.output else {
            throw TemplateError("template: the output is longer than \(bounds.output) bytes")
        }
        output += bytes
    }

    // MARK: Nodes

    private mutating func walk(_ nodes: [Node], _ dot: Value) throws(TemplateError) -> Flow {
        for node in nodes {
            try step()
            switch node {
            case .text(let bytes): try write(bytes)
            case .action(let pipeline):
                let value = try evaluate(pipeline, dot)
                if pipeline.variables.isEmpty { try write(Array(Printing.text(value).utf8)) }
            case .branch(let branch):
                let flow = try walk(branch, dot)
                if flow != .next { return flow }
            case .breakLoop: return .leave
            case .continueLoop: return .again
            }
        }
        return .next
    }

    private mutating func walk(_ branch: Branch, _ dot: Value) throws(TemplateError) -> Flow {
        let known = variables.count
        defer { variables.removeSubrange(known...) }
        if branch.kind == .range {
            try loop(branch, dot)
            return .next
        }
        let value = try evaluate(branch.pipeline, dot)
        guard value.isTrue else { return try walk(branch.otherwise, dot) }
        return try walk(branch.body, branch.kind == .with ? value : dot)
    }

    private mutating func loop(_ branch: Branch, _ dot: Value) throws(TemplateError) {
        let known = variables.count
        // The variables of `range` are set for each round and not by the pipeline.
        var pipeline = branch.pipeline
        pipeline.variables = []
        let value = try evaluate(pipeline, dot)
        let names = branch.pipeline.variables
        if !branch.pipeline.isAssignment { for name in names { variables.append((name, .none)) } }
        let inner = variables.count
        var isEmpty = true
        let rounds = try items(of: value, branch.pipeline)
        for index in 0..<rounds.count {
            try step()
            isEmpty = false
            let (key, item) = rounds.item(index)
            if names.count == 1 { assign(names[0], rounds.isCount ? key : item) }
            if names.count == 2 {
                assign(names[0], key)
                assign(names[1], item)
            }
            let flow = try walk(branch.body, item)
            variables.removeSubrange(inner...)
            if flow == .leave { break }
        }
        variables.removeSubrange(known...)
        if isEmpty { _ = try walk(branch.otherwise, dot) }
    }

    /// What `range` goes over.
    private struct Rounds {
        var count: Int
        var isCount = false
        var item: (Int) -> (key: Value, item: Value)
    }

    private func items(of value: Value, _ pipeline: Pipeline) throws(TemplateError) -> Rounds {
        switch value {
        case .none, .null: return Rounds(count: 0) { _ in (.none, .none) }
        case .list(let items): return Rounds(count: items.count) { (.integer(Int64($0)), items[$0]) }
        case .map(let map):
            return Rounds(count: map.entries.count) { (.string(map.entries[$0].key), map.entries[$0].value) }
        case .structure(let structure) where structure.typeName == nil:
            let map = Value.Map(structure.fields.map { (key: $0.name, value: $0.value) })
            return Rounds(count: map.entries.count) { (.string(map.entries[$0].key), map.entries[$0].value) }
        case .integer(let count):
            if pipeline.variables.count == 2 {
                throw failure(
                    pipeline.lastOperand.position,
                    pipeline.lastOperand.text,
                    "can't use \(count) to iterate over more than one variable"
                )
            }
            return Rounds(count: Int(max(0, count)), isCount: true) { (.integer(Int64($0)), .integer(Int64($0))) }
        default:
            let last = pipeline.lastOperand
            throw failure(last.position, last.text, "range can't iterate over \(Printing.text(value))")
        }
    }

    // MARK: Variables

    private mutating func assign(_ name: String, _ value: Value) {
        guard let index = variables.lastIndex(where: { $0.name == name }) else { return }
        variables[index].value = value
    }

    private func variable(_ name: String) -> Value { variables.last { $0.name == name }?.value ?? .none }

    // MARK: Pipelines

    private mutating func evaluate(_ pipeline: Pipeline, _ dot: Value) throws(TemplateError) -> Value {
        var value: Value?
        for command in pipeline.commands { value = try evaluate(command, dot, last: value) }
        let result = value ?? .none
        for name in pipeline.variables {
            if pipeline.isAssignment { assign(name, result) } else { variables.append((name, result)) }
        }
        return result
    }

    private mutating func evaluate(_ command: CommandNode, _ dot: Value, last: Value?) throws(TemplateError) -> Value {
        try step()
        guard let first = command.operands.first else { return .none }
        let arguments = command.operands.dropFirst()
        switch first.kind {
        case .function(let name) where first.fields.isEmpty:
            guard let function = Function(rawValue: name) else { return .none }
            return try call(function, command, Array(arguments), dot, last: last)
        case .null: throw failure(first.position, first.text, "nil is not a command")
        case .constant, .dot, .pipeline:
            if !arguments.isEmpty || last != nil, first.fields.isEmpty {
                throw failure(first.position, first.text, "can't give argument to non-function \(first.text)")
            }
        default: break
        }
        var given: [Value] = []
        for argument in arguments { given.append(try evaluate(argument, dot)) }
        if let last { given.append(last) }
        return try evaluate(first, dot, arguments: given)
    }

    /// The value of an operand; the arguments belong to its last field.
    private mutating func evaluate(
        _ operand: Operand,
        _ dot: Value,
        arguments: [Value] = []
    ) throws(TemplateError) -> Value {
        var value: Value
        switch operand.kind {
        case .dot, .field: value = dot
        case .null: return .null(.pointer)
        case .constant(let constant): value = constant
        case .variable(let name): value = variable(name)
        case .pipeline(let pipeline): value = try evaluate(pipeline, dot)
        case .function(let name):
            guard let function = Function(rawValue: name) else { return .none }
            let command = CommandNode(position: operand.position, operands: [operand])
            value = try call(function, command, [], dot, last: nil)
        }
        for (index, name) in operand.fields.enumerated() {
            let isLast = index == operand.fields.count - 1
            value = try field(name, of: value, operand, arguments: isLast ? arguments : [])
        }
        if operand.fields.isEmpty, !arguments.isEmpty {
            throw failure(operand.position, operand.text, "can't give argument to non-function \(operand.text)")
        }
        return value
    }

    private func field(
        _ name: String,
        of value: Value,
        _ operand: Operand,
        arguments: [Value]
    ) throws(TemplateError) -> Value {
        func problem(_ message: String) -> TemplateError {
            // Go names what it evaluated last, which inside of parentheses is the last argument.
            guard case .pipeline(let pipeline) = operand.kind, let last = pipeline.commands.last?.operands.last else {
                return failure(operand.position, operand.text, message)
            }
            return failure(last.position, last.text, message)
        }
        if let method = value.methods[name] {
            guard arguments.count == 1, let argument = arguments.first else {
                throw problem("wrong number of args for \(name): want 1 got \(arguments.count)")
            }
            guard case .string(let text) = argument else {
                throw problem("wrong type for value; expected string; got \(argument.typeName)")
            }
            return method(text)
        }
        let found: Value
        switch value {
        case .none: found = .none
        case .null: throw problem("nil pointer evaluating \(value.typeName).\(name)")
        case .map(let map): found = map[name] ?? .none
        case .structure(let structure):
            guard let field = structure[name] else {
                guard let type = structure.typeName else { throw problem("map has no entry for key \"\(name)\"") }
                throw problem("can't evaluate field \(name) in type \(type)")
            }
            found = field
        default: throw problem("can't evaluate field \(name) in type \(value.typeName)")
        }
        if !arguments.isEmpty { throw problem("\(name) has arguments but cannot be invoked as function") }
        return found
    }

    // MARK: Functions

    private mutating func call(
        _ function: Function,
        _ command: CommandNode,
        _ operands: [Operand],
        _ dot: Value,
        last: Value?
    ) throws(TemplateError) -> Value {
        if function == .and || function == .or {
            return try junction(function, command, operands, dot, last: last)
        }
        var arguments: [Value] = []
        for operand in operands { arguments.append(try evaluate(operand, dot)) }
        if let last { arguments.append(last) }
        let count = arguments.count
        let wanted = function.argumentCount
        guard wanted.contains(count) else {
            let want = wanted.upperBound == Int.max ? "at least \(wanted.lowerBound)" : "\(wanted.lowerBound)"
            throw failure(
                command.position,
                function.rawValue,
                "wrong number of args for \(function): want \(want) got \(count)"
            )
        }
        do {
            return try function.call(arguments, isHeader: isHeader)
        } catch {
            throw failure(error, of: function, command, operands)
        }
    }

    /// Go places what is wrong with an argument at the argument, and everything else at the whole command.
    private func failure(
        _ error: FunctionError,
        of function: Function,
        _ command: CommandNode,
        _ operands: [Operand]
    ) -> TemplateError {
        switch error {
        case .failed(let message):
            return failure(command.position, command.text, "error calling \(function): \(message)")
        case .argument(let index, let expected, let found):
            let operand = index < operands.count ? operands[index] : nil
            var message = "wrong type for value; expected \(expected); got \(found.typeName)"
            if case .constant = operand?.kind { message = "expected \(expected); found \(operand?.text ?? "")" }
            if case .none = found { message = "invalid value; expected \(expected)" }
            return failure(operand?.position ?? command.position, operand?.text ?? command.text, message)
        }
    }

    /// `and` and `or`, which evaluate no argument after the one that decides.
    private mutating func junction(
        _ function: Function,
        _ command: CommandNode,
        _ operands: [Operand],
        _ dot: Value,
        last: Value?
    ) throws(TemplateError) -> Value {
        var value: Value?
        for operand in operands {
            let next = try evaluate(operand, dot)
            if next.isTrue == (function == .or) { return next }
            value = next
        }
        guard let result = last ?? value else {
            throw failure(
                command.position,
                function.rawValue,
                "wrong number of args for \(function): want at least 1 got 0"
            )
        }
        return result
    }
}
