// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

@Suite struct `The sources of a project` {
    private let text = """
        services:
          web:
            image: nginx
            environment:
              MODE: fast
            labels:
              - a=b
              - c
            ports:
              - target: 80
              - target: 81
        """

    private func sources() throws -> ProjectSources {
        var map = SourceMap()
        let tree = try ModelFixture.tree(text, in: &map)
        return ProjectSources(tree: tree, map: map)
    }

    @Test(arguments: [
        (["services", "web", "image"], 3, 12),
        (["services", "web"], 2, 3),
        (["services", "web", "environment", "MODE"], 5, 13),
        (["services", "web", "labels", "c"], 8, 9),
        // What is not in the file is where its parent is.
        (["services", "web", "environment", "OTHER"], 4, 5),
        (["services", "web", "restart"], 2, 3),
        (["services", "db", "image"], 1, 1),
    ])
    func `tell where a value is`(keys: [String], line: Int, column: Int) throws {
        let path = NodePath(keys.map { .key($0) })
        let location = SourceLocation(file: "/project/compose.yaml", line: line, column: column)
        #expect(try sources().location(of: path) == location)
    }

    @Test func `tell where an item of a list is`() throws {
        let path: NodePath = [.key("services"), .key("web"), .key("ports"), .index(1), .key("target")]
        #expect(try sources().location(of: path)?.line == 11)
    }

    @Test func `tell which variables went into a value`() throws {
        var map = SourceMap()
        var tree = try ModelFixture.tree("{services: {web: {image: a}}}", in: &map)
        let interpolation = map.add(SourceMap.Interpolation(variables: ["TAG", "REGISTRY"]))
        let place = Origin(file: SourceID(rawValue: 0), line: 1, column: 26, interpolation: interpolation)
        tree = Node(.mapping(["image": Node("a", at: place)]), at: tree.origin)
        let sources = ProjectSources(tree: tree, map: map)
        #expect(sources.location(of: "image")?.variables == ["TAG", "REGISTRY"])
        #expect(sources.location(of: NodePath())?.variables == [])
    }

    @Test func `have no place for what is in no file`() {
        let sources = ProjectSources(tree: Node(.mapping(["a": Node("b")])), map: SourceMap())
        #expect(sources.location(of: "a") == nil)
    }
}
