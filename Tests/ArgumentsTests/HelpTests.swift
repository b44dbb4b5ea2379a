// SPDX-License-Identifier: Apache-2.0

import Arguments
import Testing

@Suite struct `Help` {
    @Test(arguments: ["", "--help", "-h", "help", "--dry-run", "--help=true"])
    func `of the program is shown`(line: String) throws {
        #expect(
            try shown(line) == """
                OVERVIEW: Do things.

                EXAMPLES:
                  tool stop
                  tool --size 3 exec web sh

                USAGE: tool [global options] COMMAND [options] [arguments]

                GLOBAL OPTIONS:
                  -f, --file <path>       A file.
                  --size <count>          How many. (default: 1)
                  --dry-run               Only show.
                  -v, --version           Print the version.
                  -h, --help              Show this help.

                COMMANDS:
                  stop, halt              Stop services.
                  exec                    Run a command in a service.
                  copy                    Copy files.

                GROUPS:
                  container               Manage containers.

                See `tool help COMMAND` for the help of a command.

                """
        )
    }

    @Test(arguments: [
        "stop --help", "stop -h", "stop -ah", "stop web --help --bogus", "help stop", "help halt", "--help stop",
        "--dry-run stop x --help",
    ])
    func `of a command is shown`(line: String) throws {
        #expect(
            try shown(line) == """
                OVERVIEW: Stop services.

                USAGE: tool [global options] stop [options] [SERVICE ...]

                ARGUMENTS:
                  [SERVICE ...]           The services.

                OPTIONS:
                  -a, --all               All of them, even those that are not part of any
                                          project at all.
                  -q, --quiet             Say nothing.
                  -s, --signal <name>     The signal. (values: TERM, KILL; default: TERM)
                  --root <path>           A folder.
                  --log <path>            A file.
                  -h, --help              Show this help.

                See `tool --help` for the global options.

                """
        )
    }

    @Test(arguments: ["container", "container --help", "help container", "container help"])
    func `of a group lists its commands`(line: String) throws {
        #expect(
            try shown(line) == """
                OVERVIEW: Manage containers.

                USAGE: tool [global options] container COMMAND [options] [arguments]

                OPTIONS:
                  -h, --help              Show this help.

                COMMANDS:
                  run                     Run a container.

                See `tool help container COMMAND` for the help of a command.

                """
        )
    }

    @Test func `leaves a letter to the command that uses it`() throws {
        let help = try shown("help container run")
        #expect(help.contains("  -h, --hostname <name>   The name of the host.\n"))
        #expect(help.contains("  --help                  Show this help.\n"))
    }

    @Test(arguments: [20, 40, 50, 80, 132])
    func `is as wide as the terminal`(width: Int) throws {
        let lines = try shown("help stop", width: width).split(separator: "\n").filter { $0.hasPrefix("  ") }
        let longest = try #require(lines.map(\.count).max())
        #expect(longest <= max(width, 46))
        #expect(longest > min(width, 90) - 10)
    }

    @Test func `puts the explanation below a long name`() throws {
        let option = Option.flag("a-name-of-many-letters-", help: "What it does.") { _ in }
        let program = Command("x", summary: "X.") { Syntax(options: [option]) }
        guard case .show(let text) = try CommandLineParser(program).parse([]) else { return }
        #expect(text.contains("  --a-name-of-many-letters-\n                          What it does.\n"))
    }

    @Test func `is no help where the value says so`() throws {
        #expect(try Sample().run(["--help=false", "stop"]) == ["stop"])
    }

    @Test func `of an unknown command is refused`() {
        let error = #expect(throws: UsageError.self) { try shown("help frobnicate") }
        #expect(error?.message == "unknown command `frobnicate`")
    }

    @Test func `is one of several texts in place of a run`() throws {
        #expect(try shown("--version") == "tool 7\n")
        #expect(try shown("-v") == "tool 7\n")
        #expect(try Sample().run(["--version=false", "stop"]) == ["stop"])
    }

    private func shown(_ line: String, width: Int = 80) throws -> String {
        let parser = CommandLineParser(Sample().command(), width: { width })
        guard case .show(let text) = try parser.parse(line.split(separator: " ").map(String.init)) else {
            return "a run"
        }
        return text
    }
}
