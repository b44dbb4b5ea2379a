// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

@Suite struct `what the validation leaves behind` {
    /// A file with at least one mistake of every kind.
    private static let broken = """
        foo: 1
        services:
          web:
            imagee: a
            image: [a]
            cap_add: [A, A]
            environment: {"": 1, A: [b]}
            volumes: [{source: a}, {type: bnd}]
            cpu_percent: 101
          "a b": {image: a}
          db:
        models: {a: {name: b}}
        """

    @Test func `a second validation has nothing to say`() throws {
        var sample = try SchemaSample(Self.broken)
        #expect(sample.diagnostics.count == 12)
        sample.validate()
        #expect(sample.lines.isEmpty)
    }

    @Test func `unknown keys are gone and wrong values are invalid`() throws {
        let root = try SchemaSample(Self.broken).root
        #expect(root["foo"] == nil)
        let web = try #require(root["services"]?["web"])
        #expect(web["imagee"] == nil)
        #expect(web["image"]?.isInvalid == true)
        #expect(web["cap_add"]?.sequence?.map(\.isInvalid) == [false, true])
        #expect(web["environment"]?["A"]?.isInvalid == true)
        #expect(web["volumes"]?.sequence?.first?["type"]?.isInvalid == true)
        #expect(web["volumes"]?.sequence?.first?["source"]?.string == "a")
        #expect(root["services"]?["db"]?.isInvalid == true)
        #expect(root["services"]?["a b"]?.isInvalid == true)
    }

    @Test func `a file without mistakes is not touched`() throws {
        let text = "services: {web: {image: a, ports: [80], labels: {a: 1}, x-a: [2001-01-01]}}"
        let before = try #require(try Parser.parse(Array(text.utf8), source: .none).first?.root)
        #expect(try SchemaSample(text).root == before)
    }

    @Test func `an invalid value passes everywhere`() {
        var root: Node = Node(
            .mapping([
                "services": Node(
                    .mapping([
                        "web": Node(
                            .mapping([
                                "image": Node(.invalid),
                                "cap_add": Node(.sequence([Node(.invalid), Node(.invalid), Node("A")])),
                                "deploy": Node(.invalid),
                            ])
                        ),
                        "db": Node(.invalid),
                    ])
                ),
                "networks": Node(.invalid),
            ])
        )
        var count = 0
        SchemaValidator.validate(&root) { _ in count += 1 }
        #expect(count == 0)
    }

    @Test func `a root that is not a mapping is told`() {
        var root = Node(.sequence([]))
        var messages: [String] = []
        SchemaValidator.validate(&root) { messages.append($0.message) }
        #expect(messages == ["the compose file must be a mapping, not a list"])
        #expect(root.isInvalid)
    }

    @Test func `a mistake in an alias is told at every use and does not touch the others`() throws {
        let sample = try SchemaSample(
            """
            x-ports: &ports [80, true]
            services:
              a: {ports: *ports}
              b: {ports: *ports}
            """
        )
        #expect(sample.diagnostics.count == 2)
        #expect(sample.root["x-ports"]?.sequence?[1].bool == true)
    }

    @Test func `long lists with repeated items are told quickly`() throws {
        let items = (0..<20_000).map { "a\($0 % 10_000)" }.joined(separator: ", ")
        let sample = try SchemaSample("services: {web: {security_opt: [\(items)]}}")
        #expect(sample.diagnostics.count == 1_000)
    }

    @Test func `only what a part names is looked at`() throws {
        let text = "services: {a: {imagee: x}, b: {ports: [true], labels: {k: [v]}}}"
        var root = try #require(Parser.parse(Array(text.utf8), source: .none).first?.root)
        let parts = ["services: {b: {image: x}}", "services: {c: {}}", "services: {b: {labels: {k: v}}}"]
        let found = try parts.map { part in
            let part = try #require(Parser.parse(Array(part.utf8), source: .none).first?.root)
            var count = 0
            var copy = root
            SchemaValidator.validate(&copy, within: part) { _ in count += 1 }
            return count
        }
        // Once something is wrong, everything that is wrong is told.
        #expect(found == [0, 0, 3])
        SchemaValidator.validate(&root) { _ in }
        #expect(root["services"]?["a"]?["imagee"] == nil)
    }
}
