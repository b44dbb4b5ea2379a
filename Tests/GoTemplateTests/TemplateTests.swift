// SPDX-License-Identifier: Apache-2.0

import GoTemplate
import JSONTree
import Testing

private func value(_ json: String, shape: Value.Shape = Value.Shape()) throws -> Value {
    Value(try JSON(Array(json.utf8)), shape: shape)
}

private let shape: Value.Shape = {
    var shape = Value.Shape()
    shape.maps = ["Labels": .string(""), "Ports": .null(.list), "Log.Config": .string("")]
    shape.lists = ["Cmd"]
    shape.optional = ["State": ["Health"], "Ranges[]": ["Part", "Auxiliary"]]
    shape.texts = ["Part"]
    shape.names = ["Title": "Name"]
    return shape
}()

private let inspection = """
    {"Name": "/web", "State": {"Status": "running", "ExitCode": 0}, "Cmd": null, "Size": 1.5, "Log": {"Config": {}}, "Config": {"A": 1},
     "Ranges": [{"Subnet": "s"}, {"Subnet": "t", "Part": "p"}],
     "Labels": {"b": "2", "a": "<1>"}, "Ports": {"80/tcp": [{"HostPort": "8080"}]}}
    """

@Suite struct `Templates over JSON` {
    @Test(arguments: [
        ("{{.State.Status}} {{.State.ExitCode}}", "running 0"),
        ("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"),
        ("{{.State.Health}}", "<nil>"),
        ("{{.Cmd}} {{json .Cmd}} {{len .Cmd}}", "[] null 0"),
        ("{{.Labels}} {{.Labels.a}} {{.Labels.zz}}|{{index .Labels \"zz\"}}|", "map[a:<1> b:2] <1> <no value>||"),
        ("{{json .Labels}}", "{\"a\":\"<1>\",\"b\":\"2\"}"),
        ("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080"),
        ("{{range $p, $c := .Ports}}{{$p}}->{{(index $c 0).HostPort}}{{end}}", "80/tcp->8080"),
        ("{{range $k, $v := .Labels}}{{$k}}={{$v}},{{end}}", "a=<1>,b=2,"),
        ("{{json .State}}", "{\"Status\":\"running\",\"ExitCode\":0}"),
        ("{{json .Size}} {{.Size}}", "1.5 1.5"),
        ("{{.Log.Config}} {{.Config}}", "map[] {1}"),
        ("{{.Title}} {{.Name}}", "/web /web"),
        ("{{range .Ranges}}{{.Subnet}}|{{.Part}}|{{.Auxiliary}};{{end}}", "s||<nil>;t|p|<nil>;"),
        ("{{json .Ranges}}", "[{\"Subnet\":\"s\"},{\"Subnet\":\"t\",\"Part\":\"p\"}]"),
    ])
    func `a field is read as its type says`(template: String, expected: String) throws {
        let text = try Template(template).text(for: value(inspection, shape: shape))
        #expect(text == expected)
    }

    @Test(arguments: [
        ("{{.State.Nope}}", "template: :1:8: executing \"\" at <.State.Nope>: map has no entry for key \"Nope\""),
        (
            "{{.State.Health.Status}}",
            "template: :1:8: executing \"\" at <.State.Health.Status>: nil pointer evaluating interface {}.Status"
        ),
        (
            "a\n{{index (index .Ports \"81/tcp\") 0}}",
            "template: :2:2: executing \"\" at <index (index .Ports \"81/tcp\") 0>: "
                + "error calling index: index out of range: 0"
        ),
    ])
    func `what is missing is named with its place`(template: String, message: String) throws {
        let template = try Template(template)
        let data = try value(inspection, shape: shape)
        let error = #expect(throws: TemplateError.self) { try template.text(for: data) }
        #expect(error?.message == message)
    }

    @Test func `a row marshals itself sorted and escaped for HTML, and has methods`() throws {
        var row = Value.Structure(
            typeName: "*formatter.ContainerContext",
            [("Names", .string("a&b")), ("ID", .string("1"))]
        )
        row.methods["Label"] = { .string("label \($0)") }
        #expect(try Template("{{json .}}").text(for: .structure(row)) == #"{"ID":"1","Names":"a\u0026b"}"#)
        #expect(try Template(#"{{json .Names}}"#).text(for: .structure(row)) == #""a&b""#)
        #expect(try Template(#"{{.Label "x"}}"#).text(for: .structure(row)) == "label x")
        let error = #expect(throws: TemplateError.self) { try Template("{{.Label}}").text(for: .structure(row)) }
        #expect(error?.message.hasSuffix("wrong number of args for Label: want 1 got 0") == true)
    }

    @Test func `functions leave headers as they are, but for pad`() throws {
        let header: Value = .structure(
            Value.Structure(typeName: "formatter.SubHeaderContext", [("ID", .string("Image id"))])
        )
        let template = try Template("{{lower .ID}}|{{truncate .ID 2}}|{{json .ID}}|{{pad .ID 1 1}}")
        #expect(try template.text(for: header, isHeader: true) == "Image id|Image id|Image id| Image id ")
        #expect(try template.text(for: header) == "image id|Im|\"Image id\"| Image id ")
    }
}

@Suite struct `Hostile templates` {
    @Test(arguments: [
        "{{range 1000000}}{{range 1000000}}{{end}}{{end}}",
        "{{range 100000000000}}x{{end}}",
    ])
    func `an endless template ends in an error`(template: String) throws {
        var bounds = Template.Bounds()
        bounds.steps = 50_000
        let template = try Template(template)
        let error = #expect(throws: TemplateError.self) { try template.text(for: .none, bounds: bounds) }
        #expect(error?.message == "template: the template takes more than 50000 steps")
    }

    @Test func `the output is bounded`() throws {
        var bounds = Template.Bounds()
        bounds.output = 1000
        let template = try Template("{{range 100}}{{printf \"%100d\" 1}}{{end}}")
        let error = #expect(throws: TemplateError.self) { try template.text(for: .none, bounds: bounds) }
        #expect(error?.message == "template: the output is longer than 1000 bytes")
    }

    @Test(arguments: ["(", "{{if true}}"])
    func `deep nesting is refused`(opening: String) {
        let text =
            opening == "("
            ? "{{" + String(repeating: opening, count: 100_000) : String(repeating: opening, count: 100_000)
        let error = #expect(throws: TemplateError.self) { try Template(text) }
        #expect(error != nil)
    }

    @Test func `every beginning of a template is an error or a template`() throws {
        let text =
            "a{{- /* x */ -}}{{range $i, $v := index .A \"b\" | slice `c` 1 2}}{{printf \"%*.2[1]f\" 'x' -1.5e3 (not .B.C)}}{{else}}{{end}}"
        for count in 0...text.utf8.count {
            let part = String(decoding: text.utf8.prefix(count), as: UTF8.self)
            _ = try? Template(part).text(for: .map(Value.Map([])))
        }
        #expect(throws: Never.self) { try Template(text) }
    }
}
