// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `Variable references in text` {
    private static let environment = ["SET": "value", "EMPTY": "", "DOLLAR": "$SET"]

    private func substitute(_ text: String) throws(TemplateError) -> Template.Substitution {
        try Template.substitute(text) { Self.environment[$0] }
    }

    @Test(arguments: [
        ("plain", "plain"),
        ("", ""),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a${SET}b$SET-c", "avalueb" + "value-c"),
        ("$$SET", "$SET"),
        ("$$$SET", "$value"),
        ("$DOLLAR", "$SET"),
        ("${MISSING:-d}${EMPTY:-d}${SET:-d}", "ddvalue"),
        ("${MISSING-d}${EMPTY-d}${SET-d}", "dvalue"),
        ("${MISSING:+a}${EMPTY:+a}${SET:+a}", "a"),
        ("${MISSING+a}${EMPTY+b}${SET+c}", "bc"),
        ("${SET:?m}${SET?m}${EMPTY?m}", "valuevalue"),
        ("${MISSING:-}", ""),
        ("${MISSING-b:-c}", "b:-c"),
        ("${MISSING:-${EMPTY:-${SET}}}", "value"),
        ("${MISSING:-é $SET}", "é value"),
    ])
    func `are replaced by the values of the variables`(text: String, expected: String) throws {
        #expect(try substitute(text).text == expected)
    }

    @Test(arguments: ["$", "$1", "$(date)", "a$ b", "$-", "$é", "100%$"])
    func `a dollar sign before anything but a name stays`(text: String) throws {
        #expect(try substitute(text).text == text)
    }

    @Test(arguments: [
        ("${MISSING:-{x}", "{x"),
        ("${MISSING:-{\"k\":1}} ${SET}", "{\"k\":1} value"),
        ("${MISSING:-{}} ${SET}", "{} value"),
        ("${SET:-{{.Name}}}", "value"),
        ("${MISSING:-{{.Name}}}", "{{.Name}}"),
        ("${MISSING:-x}}", "x}"),
    ])
    func `braces in a word are balanced`(text: String, expected: String) throws {
        #expect(try substitute(text).text == expected)
    }

    @Test(arguments: [
        ("${", "${", 0, TemplateError.Reason.invalidName),
        ("a ${1A} b", "${1A}", 2, .invalidName),
        ("${é}", "${é}", 0, .invalidName),
        ("é${SET", "${SET", 2, .unclosed),
        ("${SET:=x}", "${SET:=x}", 0, .invalidOperator),
        ("${SET!x}", "${SET!x}", 0, .invalidOperator),
        ("${SET:", "${SET:", 0, .invalidOperator),
        ("${MISSING:-a\n}", "${MISSING:-a", 0, .unclosed),
        ("${MISSING:-{x} ${SET}", "${SET", 15, .unclosed),
    ])
    func `a malformed reference is an error`(
        text: String,
        reference: String,
        offset: Int,
        reason: TemplateError.Reason
    ) {
        let error = TemplateError.invalidReference(reference: reference, offset: offset, reason: reason)
        #expect(throws: error) { try substitute(text) }
    }

    @Test(arguments: [
        ("${MISSING?}", "MISSING", ""),
        ("${MISSING:?set it to $SET}", "MISSING", "set it to value"),
        ("${EMPTY:?m}", "EMPTY", "m"),
        ("${SET:-${INNER?m}}", "INNER", "m"),
        ("${MISSING:?${INNER?m}}", "INNER", "m"),
    ])
    func `a required variable without a value is an error`(text: String, name: String, message: String) {
        #expect(throws: TemplateError.missingVariable(name: name, message: message)) { try substitute(text) }
    }

    @Test func `the variables are listed once and the unset ones for each place`() throws {
        let result = try substitute("$A ${B:-$A}${SET}$A ${C+x}${SET}")
        #expect(result.variables == ["A", "B", "SET", "C"])
        #expect(result.unset == ["A", "A", "A"])
    }

    @Test func `many variables are listed once too`() throws {
        let names = (0..<100).map { "V\($0)" }
        let text = (names + names).map { "$\($0)" }.joined(separator: ",")
        #expect(try substitute(text).variables == names)
    }

    @Test func `references inside one another have a limit`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "${A:-", count: depth) + "x" + String(repeating: "}", count: depth)
        }
        #expect(try substitute(nested(Template.maximumDepth)).text == "x")
        #expect(throws: TemplateError.tooDeep) { try substitute(nested(100_000)) }
    }

    @Test func `the length of the result has a limit`() {
        let long = String(repeating: "x", count: Template.maximumLength / 2 + 1)
        #expect(throws: TemplateError.tooLong) { try Template.substitute("$A$A") { _ in long } }
    }

    @Test func `a long malformed reference is cut in the message`() {
        let text = "${A" + String(repeating: "é", count: 1_000)
        #expect {
            try substitute(text)
        } throws: {
            ($0 as? TemplateError)?.message.utf8.count ?? .max < 300
        }
    }
}

@Suite struct `The list of the variables of a text` {
    @Test func `has names, defaults, alternate values and whether there must be a value`() {
        let found = Template.references(in: "$A ${B:-x} ${C-y} ${D:+z} ${E+w} ${F:?m} ${G?} $$H ${1}")
        #expect(
            found == [
                VariableReference(name: "A"),
                VariableReference(name: "B", defaultValue: "x"),
                VariableReference(name: "C", defaultValue: "y"),
                VariableReference(name: "D", alternateValue: "z"),
                VariableReference(name: "E", alternateValue: "w"),
                VariableReference(name: "F", isRequired: true),
                VariableReference(name: "G", isRequired: true),
            ]
        )
    }

    @Test func `has the variables inside words but not those inside messages`() {
        let found = Template.references(in: "${A:-${B:+${C?$D}}}")
        #expect(
            found == [
                VariableReference(name: "A", defaultValue: "${B:+${C?$D}}"),
                VariableReference(name: "B", alternateValue: "${C?$D}"),
                VariableReference(name: "C", isRequired: true),
            ]
        )
    }

    @Test func `leaves out malformed references`() {
        #expect(Template.references(in: "${1} ${A:=x} $B ${C:-x $D\n$E").map(\.name) == ["B", "E"])
        #expect(Template.references(in: String(repeating: "${A:-", count: 100_000)).isEmpty)
    }

    @Test func `has one entry for each name when combined`() {
        let found = Template.references(in: "$B ${A:-x} ${A:-y} ${A?} ${A+z} $A")
        #expect(
            VariableReference.combined(found) == [
                VariableReference(name: "A", isRequired: true, defaultValue: "x", alternateValue: "z"),
                VariableReference(name: "B"),
            ]
        )
    }
}
