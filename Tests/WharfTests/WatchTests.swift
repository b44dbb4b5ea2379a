// SPDX-License-Identifier: Apache-2.0

import Compose
import Linux
import Testing
import Watch

@testable import wharf

private func path(_ service: String, _ action: WatchRule.Action, target: String? = nil) -> WatchedPath {
    var rule = WatchRule()
    (rule.path, rule.action, rule.target) = ("/src", action, target)
    return WatchedPath(service: service, rule: rule, filter: TreeFilter(of: "/src"))
}

@Suite struct `What is done after changes` {
    private let paths = [
        path("a", .sync), path("a", .syncRestart), path("b", .restart), path("b", .syncExec), path("c", .rebuild),
    ]

    private func reaction(_ trees: Int...) -> WatchReaction {
        WatchReaction(trees.map { TreeChange(tree: $0, path: "file", kind: .changed) }, by: paths)
    }

    @Test func `is what the rules say, each thing once`() {
        let all = reaction(0, 0, 1, 1, 2, 2, 3, 3, 4, 4)
        #expect(all.syncs.mapValues { $0.map(\.tree) } == ["a": [0, 0, 1, 1], "b": [3, 3]])
        #expect(all.restarts == ["a", "b"])
        #expect(all.hooks == [3])
        #expect(all.rebuilds == ["c"])
        #expect(reaction(0).restarts.isEmpty)
        #expect(reaction(2).syncs.isEmpty)
    }

    @Test(arguments: [
        ("/app/code", "app/code", false), ("/app/", "app", true), ("app/../x", "x", false), ("/../../x", "x", false),
        ("/./a//b", "a/b", false), ("/", ".", true),
    ])
    func `goes to the path in the container that the rule names`(target: String, place: String, isFolder: Bool) {
        let path = path("a", .sync, target: target)
        #expect(Linux.FilePath(joining: path.target).description == place)
        #expect(path.isTargetFolder == isFolder)
    }
}
