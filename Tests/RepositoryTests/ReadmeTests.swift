// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The README` {
    @Test(arguments: [("main", "bash examples/run"), ("tests", "bash Tests/run")])
    func `gives a command that exists`(marker: String, command: String) throws {
        #expect(try commands(under: marker) == [command])
        let script = try #require(command.split(separator: " ").last)
        #expect(isExecutable("\(Repository.root)/\(script)"))
    }

    @Test(arguments: ["main", "tests"])
    func `is where CI takes the command from`(marker: String) throws {
        let script = try readText("\(Repository.root)/.ci/run")
        #expect(script.contains(#"marker="<!-- command: $1 -->""#))
        #expect(script.contains("readme \(marker)\n"))
        #expect(!script.contains("swift test"))
    }

    @Test func `names only files that exist`() throws {
        let text = try readText("\(Repository.root)/README.md")
        for piece in text.split(separator: "`")
        where ["Sources/", "Tests/", "examples/", ".ci/"].contains(where: piece.hasPrefix) {
            let path = "\(Repository.root)/\(piece.prefix { $0 != " " })"
            #expect(isFolder(path) || (try? readBytes(path)) != nil, "\(piece)")
        }
    }

    /// The lines of the code block that follows a marker.
    private func commands(under marker: String) throws -> [String] {
        let lines = try readText("\(Repository.root)/README.md").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        let start = try #require(lines.firstIndex(of: "<!-- command: \(marker) -->"))
        let block = lines[start...].drop { !$0.hasPrefix("```") }.dropFirst()
        return block.prefix { !$0.hasPrefix("```") }.map(String.init)
    }
}
