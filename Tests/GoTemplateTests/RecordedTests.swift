// SPDX-License-Identifier: Apache-2.0

import GoTemplate
import JSONTree
import TestSupport
import Testing

/// A template and what `docker context inspect --format TEMPLATE` of docker 28.2.2 made of it, on a machine without any
/// context of its own.
struct Recorded: Sendable, CustomTestStringConvertible {
    var template: String
    var output: String?
    var error: String?

    var testDescription: String { template }

    static let all: [Recorded] = {
        let path = "\(Repository.root)/Tests/GoTemplateTests/Fixtures/docker-28.2.2.json"
        guard let bytes = try? readBytes(path), let rows = try? JSON(bytes).array else { return [] }
        return rows.compactMap { row in
            row["template"]?.string.map {
                Recorded(template: $0, output: row["output"]?.string, error: row["error"]?.string)
            }
        }
    }()

    /// What the command hands to the template.
    static let data: Value = {
        let host: Value = .structure(
            Value.Structure(
                typeName: "interface {}",
                [("Host", .string("unix:///var/run/docker.sock")), ("SkipTLSVerify", .bool(false))]
            )
        )
        let endpoints: Value = .map(Value.Map([("docker", host)]))
        var context = Value.Structure(typeName: "context.contextWithTLSListing", [("Name", .string("default"))])
        context.fields.append(("Metadata", .structure(Value.Structure(typeName: "store.Metadata", []))))
        context.fields.append(("Endpoints", endpoints))
        return .structure(context)
    }()
}

@Suite struct `Templates as docker fills them in` {
    @Test func `there are recorded templates`() {
        #expect(Recorded.all.count > 120)
    }

    /// What shows the whole of a type that the test does not rebuild.
    private static let unlike: Set<String> = ["{{json .}}", "{{.Metadata}}"]

    @Test(arguments: Recorded.all.filter { !unlike.contains($0.template) })
    func `a recorded template gives the recorded text or error`(recorded: Recorded) {
        do throws(TemplateError) {
            let text = try Template(recorded.template).text(for: Recorded.data)
            #expect(text == recorded.output)
        } catch {
            #expect(error.message == recorded.error)
        }
    }
}
