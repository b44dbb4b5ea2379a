// SPDX-License-Identifier: Apache-2.0

import Compose
import Foundation
import Testing
import YAML

@Suite struct `A project on the wire` {
    private func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }

    @Test func `arrives as it was sent`() throws {
        var map = SourceMap()
        let tree = try ModelFixture.tree(ModelFixture.everyKey, in: &map)
        var context = DecodingContext()
        var project = Project(decoding: tree, in: &context)
        project.disabledServices["off"] = project.services["db"]
        project.files = ["/project/compose.yaml"]
        project.workingDirectory = "/project"
        project.sources = ProjectSources(tree: tree, map: map)
        #expect(try roundTrip(project) == project)
    }

    @Test(arguments: [
        "false", "5", "-1", "18446744073709551615", "1.0", "1e21", ".inf", "2020-01-02", "'5'", "null", "[1, [a]]",
        "{a: 1}", "{'!float': '1'}", "{'!map': {}}", "{}", "[{}, []]",
    ])
    func `keeps the user's own values, whatever they are`(text: String) throws {
        let service = try ModelFixture.decode(Service.self, "x-a: \(text)").object
        let arrived = try roundTrip(service)
        #expect(arrived == service)
        #expect(arrived.extensions["x-a"] != nil)
    }

    @Test func `leaves zero values out and keeps a false that is not the default`() throws {
        var service = Service()
        service.image = "a"
        service.dependsOn = ["db": Dependency(.healthy, required: false)]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let sent = try String(decoding: encoder.encode(service), as: UTF8.self)
        #expect(sent == #"{"depends_on":{"db":{"condition":"service_healthy","required":false}},"image":"a"}"#)
        #expect(try roundTrip(service) == service)
    }

    @Test func `may have keys that the receiver does not know`() throws {
        let sent = Data(#"{"image":"a","from_the_future":{"b":1}}"#.utf8)
        #expect(try JSONDecoder().decode(Service.self, from: sent).image == "a")
    }
}
