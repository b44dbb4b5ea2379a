// SPDX-License-Identifier: Apache-2.0

/// Makes a tree of tokens, as Go's text/template/parse does.
struct Parser {
    /// The deepest nesting of actions and parentheses.
    private static let depthLimit = 100

    private let source: [UInt8]
    private let tokens: [Token]
    private var index = 0
    private var depth = 0
    private var loops = 0
    private var variables = ["$"]

    init(_ text: String) throws(TemplateError) {
        var lexer = Lexer(text)
        tokens = try lexer.run()
        source = Array(text.utf8)
    }

    mutating func run() throws(TemplateError) -> [Node] {
        let (nodes, end) = try list()
        if end != .file { throw failure("unexpected {{\(end.rawValue)}}") }
        return nodes
    }

    // MARK: Tokens

    private var peek: Token { tokens[index] }

    private mutating func take() -> Token {
        let token = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    private mutating func skipSpace() {
        while peek.kind == .space { index += 1 }
    }

    private func failure(_ message: String) -> TemplateError {
        let position = tokens[max(0, index - 1)].position
        let line = 1 + source.prefix(position).count { $0 == UInt8(ascii: "\n") }
        return TemplateError("template: :\(line): \(message)")
    }

    private mutating func unexpected(_ token: Token, in context: String) -> TemplateError {
        switch token.kind {
        case .end: failure("unexpected EOF")
        default: failure("unexpected \(Self.shown(token)) in \(context)")
        }
    }

    /// A token as Go's `%s` prints it.
    private static func shown(_ token: Token) -> String {
        if token.kind == .keyword { return "<\(token.text)>" }
        if token.text.utf8.count > 10 {
            return Quote.go(String(decoding: token.text.utf8.prefix(10), as: UTF8.self)) + "..."
        }
        return Quote.go(token.text)
    }

    private mutating func enter() throws(TemplateError) {
        depth += 1
        if depth > Self.depthLimit { throw failure("nested more than \(Self.depthLimit) levels deep") }
    }

    // MARK: Lists

    /// What ended a list.
    private enum End: String {
        case file, end, `else`
    }

    private mutating func list() throws(TemplateError) -> ([Node], End) {
        var nodes: [Node] = []
        while true {
            let token = take()
            switch token.kind {
            case .end: return (nodes, .file)
            case .text: nodes.append(.text(Array(token.text.utf8)))
            case .actionStart:
                skipSpace()
                guard peek.kind == .keyword else {
                    let pipeline = try pipeline(in: "command", until: .actionEnd)
                    nodes.append(.action(pipeline))
                    continue
                }
                if let end = try keyword(take(), &nodes) { return (nodes, end) }
            default: throw unexpected(token, in: "input")
            }
        }
    }

    private mutating func keyword(_ token: Token, _ nodes: inout [Node]) throws(TemplateError) -> End? {
        switch token.text {
        case "if", "with", "range":
            guard let kind = Branch.Kind(rawValue: token.text) else { break }
            nodes.append(.branch(try branch(kind)))
            return nil
        case "end":
            try endAction(in: "end")
            return .end
        case "else":
            // What follows is for the branch to read.
            return .else
        case "break", "continue":
            try endAction(in: token.text)
            if loops == 0 { throw failure("{{\(token.text)}} outside {{range}}") }
            nodes.append(token.text == "break" ? .breakLoop : .continueLoop)
            return nil
        default: break
        }
        throw failure("{{\(token.text)}} is not offered here; write its content in its place")
    }

    private mutating func endAction(in context: String) throws(TemplateError) {
        skipSpace()
        let token = take()
        if token.kind != .actionEnd { throw unexpected(token, in: context) }
    }

    private mutating func branch(_ kind: Branch.Kind) throws(TemplateError) -> Branch {
        try enter()
        defer { depth -= 1 }
        let known = variables.count
        defer { variables.removeSubrange(known...) }
        var branch = Branch(kind: kind, pipeline: try pipeline(in: kind.rawValue, until: .actionEnd))
        if kind == .range { loops += 1 }
        let (body, end) = try list()
        if kind == .range { loops -= 1 }
        branch.body = body
        if end == .file { throw failure("unexpected EOF") }
        guard end == .else else { return branch }
        skipSpace()
        if peek.kind == .keyword, peek.text == "if" || peek.text == "with", kind != .range {
            // `{{else if X}}…{{end}}` is `{{else}}{{if X}}…{{end}}{{end}}`.
            guard let inner = Branch.Kind(rawValue: take().text) else { return branch }
            branch.otherwise = [.branch(try self.branch(inner))]
            return branch
        }
        try endAction(in: "else")
        let (otherwise, last) = try list()
        branch.otherwise = otherwise
        if last == .file { throw failure("unexpected EOF") }
        if last == .else { throw failure("expected end; found {{else}}") }
        return branch
    }

    // MARK: Pipelines

    private mutating func pipeline(
        in context: String,
        until end: Token.Kind
    ) throws(TemplateError) -> Pipeline {
        skipSpace()
        var pipeline = Pipeline(position: peek.position)
        try declarations(in: context, &pipeline)
        while true {
            skipSpace()
            let token = peek
            switch token.kind {
            case end:
                _ = take()
                try check(pipeline, in: context)
                variables += pipeline.isAssignment ? [] : pipeline.variables
                return pipeline
            case .bool, .character, .dot, .field, .identifier, .number, .null, .rawString, .string, .variable,
                .leftParenthesis:
                pipeline.commands.append(try command())
            default:
                _ = take()
                throw unexpected(token, in: context)
            }
        }
    }

    private mutating func declarations(in context: String, _ pipeline: inout Pipeline) throws(TemplateError) {
        let start = index
        var names: [String] = []
        while peek.kind == .variable {
            names.append(take().text)
            skipSpace()
            let token = take()
            if token.kind == .declare || token.kind == .assign {
                pipeline.variables = names
                pipeline.isAssignment = token.kind == .assign
                if pipeline.isAssignment { for name in names { try checkVariable(name) } }
                return
            }
            guard token.kind == .comma, context == "range", names.count < 2 else {
                if token.kind == .comma { throw failure("too many declarations in \(context)") }
                break
            }
            skipSpace()
        }
        index = start
    }

    private func check(_ pipeline: Pipeline, in context: String) throws(TemplateError) {
        if pipeline.commands.isEmpty { throw failure("missing value for \(context)") }
        for (index, command) in pipeline.commands.enumerated() where index > 0 {
            switch command.operands.first?.kind {
            case .constant, .dot, .null: throw failure("non executable command in pipeline stage \(index + 1)")
            default: break
            }
        }
    }

    private func checkVariable(_ name: String) throws(TemplateError) {
        if !variables.contains(name) { throw failure("undefined variable \"\(name)\"") }
    }

    private mutating func command() throws(TemplateError) -> CommandNode {
        var command = CommandNode(position: peek.position)
        var isComplete = false
        while !isComplete {
            skipSpace()
            if let operand = try operand() { command.operands.append(operand) }
            let token = take()
            switch token.kind {
            case .space: continue
            case .actionEnd, .rightParenthesis: index -= 1
            case .pipe: break
            default: throw unexpected(token, in: "operand")
            }
            isComplete = true
        }
        if command.operands.isEmpty { throw failure("empty command") }
        return command
    }

    // MARK: Operands

    private mutating func operand() throws(TemplateError) -> Operand? {
        guard var operand = try term() else { return nil }
        var isFirst = true
        while peek.kind == .field {
            let token = take()
            switch operand.kind {
            case .constant, .null:
                throw failure("unexpected . after term \(Quote.go(operand.text))")
            default: break
            }
            // Go places the error about a chain of fields at the first one that follows.
            if isFirst { operand.position = token.position }
            isFirst = false
            operand.fields.append(String(token.text.dropFirst()))
            operand.text += token.text
        }
        return operand
    }

    private mutating func term() throws(TemplateError) -> Operand? {
        let token = take()
        func operand(_ kind: Operand.Kind, fields: [String] = []) -> Operand {
            Operand(kind: kind, fields: fields, position: token.position, text: token.text)
        }
        switch token.kind {
        case .identifier:
            if Function(rawValue: token.text) == nil { throw failure("function \"\(token.text)\" not defined") }
            return operand(.function(token.text))
        case .dot: return operand(.dot)
        case .null: return operand(.null)
        case .variable:
            try checkVariable(token.text)
            return operand(.variable(token.text))
        case .field: return operand(.field, fields: [String(token.text.dropFirst())])
        case .bool: return operand(.constant(.bool(token.text == "true")))
        case .number:
            guard let value = NumberText.value(of: token.text) else {
                throw failure("bad number syntax: \"\(token.text)\"")
            }
            return operand(.constant(value))
        case .character:
            guard let text = Quote.read(token.text), let scalar = text.unicodeScalars.first,
                text.unicodeScalars.count == 1
            else { throw failure("malformed character constant: \(token.text)") }
            return operand(.constant(.integer(Int64(scalar.value))))
        case .string, .rawString:
            guard let text = Quote.read(token.text) else { throw failure("invalid syntax") }
            return operand(.constant(.string(text)))
        case .leftParenthesis:
            try enter()
            defer { depth -= 1 }
            let pipeline = try pipeline(in: "parenthesized pipeline", until: .rightParenthesis)
            return Operand(kind: .pipeline(pipeline), position: token.position, text: "(\(pipeline.text))")
        default:
            index -= token.kind == .end ? 0 : 1
            return nil
        }
    }
}
