// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `All problems of a project` {
    @Test func `are told at once in the order of the files with their places`() throws {
        let wharf = try Wharf([
            "a.yaml": """
            services:
              web:
                imagee: nginx
                ports: ["8080:http"]
                depends_on: [databse]
                environment: {MODE: "${MODE:?set it}"}
              database:
                image: postgres
                networks: [bak]
            networks: {back: }
            """,
            "b.yaml": "services:\n  web:\n    mem_limit: 10x\n",
        ])
        let outcome = try wharf.run("-f", "a.yaml", "-f", "b.yaml", "config")
        let places = outcome.errors.split(separator: "\n").filter { $0.contains(": error: ") }
            .map { $0.prefix { $0 != " " } }
        #expect(
            places == ["a.yaml:3:5:", "a.yaml:4:13:", "a.yaml:5:18:", "a.yaml:6:25:", "a.yaml:9:16:", "b.yaml:3:16:"]
        )
        #expect(outcome.errors.contains("unknown key `imagee` in service `web`"))
        for near in ["image", "database", "back"] {
            #expect(outcome.errors.contains("help: did you mean `\(near)`?"))
        }
        #expect(outcome.errors.contains(" 3 |     imagee: nginx\n   |     ^\n"))
        #expect(outcome.errors.hasSuffix("6 errors\n"))
    }

    @Test func `include those of every file that is no YAML`() throws {
        let wharf = try Wharf(["a.yaml": "a: [\n", "b.yaml": "services: {a: {image: b}\n"])
        let errors = try wharf.run("-f", "a.yaml", "-f", "b.yaml", "config").errors
        #expect(errors.contains("a.yaml:"))
        #expect(errors.contains("b.yaml:"))
    }

    @Test func `have a form for editors`() throws {
        let wharf = try Wharf(["compose.yaml": "services:\n  web:\n    image: nginx\n    prots: []\n"])
        let outcome = try wharf.run("--diagnostics", "json", "config", "-q")
        #expect(outcome.end == .exit(1))
        let compact = outcome.errors.filter { !$0.isWhitespace }
        #expect(compact.hasPrefix("{\"version\":1,\"diagnostics\":[{\"severity\":\"error\",\"code\":\"unknown-key\""))
        #expect(compact.contains("\"keyPath\":\"services.web.prots\",\"suggestion\":\"didyoumean`ports`?\""))
        #expect(compact.contains("/compose.yaml\",\"line\":4,\"column\":5}"))
    }

    @Test func `a circle of dependencies is told with the place of each edge`() throws {
        let wharf = try Wharf([
            "compose.yaml": """
            services:
              a: {image: a, depends_on: [b]}
              b: {image: b, links: [c]}
              c: {image: c, network_mode: "service:a"}
            """
        ])
        let errors = try wharf.run("config").errors
        #expect(errors.contains("services depend on each other in a circle: a → b → c → a"))
        for place in ["compose.yaml:2:30: note: `a` depends on `b`", "compose.yaml:3:25: note: `b` depends on `c`"] {
            #expect(errors.contains(place))
        }
        #expect(errors.contains("compose.yaml:4:31: note: `c` depends on `a` here"))
    }

    @Test(arguments: ["oci://example.com/stack", "https://example.com/stack.git", "git@example.com:stack.git"])
    func `a remote file is refused by name`(reference: String) throws {
        let wharf = try Wharf(["compose.yaml": "include: ['\(reference)']\nservices: {a: {image: a}}\n"])
        let outcome = try wharf.run("config")
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("`\(reference)` is a remote compose file"))
    }
}
