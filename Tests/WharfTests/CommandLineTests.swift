// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The command line` {
    private static let project = ["compose.yaml": "services: {web: {image: nginx}}\n"]

    @Test(arguments: [
        (["version"], 0), (["--help"], 0), ([], 0), (["config", "--help"], 0), (["graph", "--help"], 0),
        (["version", "--help"], 0), (["-v"], 0), (["config", "-q"], 0), (["convert", "-q"], 0),
        (["config", "-q", "--dry-run=true", "--quiet=false"], 0), (["config", "--format", "toml"], 1),
        (["config", "nosuch"], 1), (["-f", "missing.yaml", "config"], 1), (["confg"], 64), (["--bogus", "config"], 64),
        (["config", "--bogus"], 64), (["--progress", "bad", "config"], 64), (["--parallel", "0", "config"], 64),
        (["--progress", "tty", "--ansi", "never", "config"], 64),
    ])
    func `ends with the status of the table`(arguments: [String], status: Int) throws {
        let folder = try Scratch()
        _ = try folder.write("compose.yaml", "services: {web: {image: nginx}}\n")
        let outcome = try Command(Binaries.path(of: "wharf"), arguments, in: folder / ".").run()
        #expect(outcome.end == .exit(status), "\(outcome.errors)")
        #expect(status == 0 || !outcome.errors.isEmpty)
        #expect(status == 0 || outcome.output.isEmpty)
    }

    @Test(arguments: ["--help", "config", "graph", "version"])
    func `help begins with examples`(command: String) throws {
        let wharf = try Wharf(Self.project)
        let help = try (command == "--help" ? wharf.run("--help") : wharf.run(command, "--help")).output
        let examples = try #require(help.firstRange(of: "EXAMPLES:"))
        let usage = try #require(help.firstRange(of: "USAGE:"))
        #expect(examples.lowerBound < usage.lowerBound)
        let isTooWide = help.split(separator: "\n").contains { $0.count > 80 }
        #expect(!isTooWide)
    }

    @Test(arguments: [60, 80, 100])
    func `help is as wide as the terminal`(columns: Int) throws {
        let line = "stty cols \(columns) && '\(Binaries.path(of: "wharf"))' help config"
        let outcome = try Command("/usr/bin/script", ["-qec", line, "/dev/null"]).run()
        #expect(outcome.end == .exit(0))
        let options = outcome.output.drop { $0 != "-" }.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("  ") }
        let explained = options.filter { !$0.hasPrefix("  wharf") && !$0.contains("show where") }
        let longest = try #require(explained.map(\.count).max())
        #expect((columns - 12...columns).contains(longest))
    }

    @Test func `an unknown command is told with the nearest one`() throws {
        let wharf = try Wharf(Self.project)
        let outcome = try wharf.run("grahp")
        #expect(outcome.errors == "error: unknown command `grahp`; did you mean `graph`?\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completions can be made for each shell`(shell: String) throws {
        let wharf = try Wharf([:])
        let outcome = try wharf.run("--generate-completion-script", shell)
        #expect(outcome.end == .exit(0))
        #expect(outcome.output.contains("--complete-words"))
    }

    @Test(arguments: [
        (["--pro"], ["--project-name", "--project-directory", "--profile", "--progress"]),
        (["config", "--exp"], ["--explain"]),
        (["network", ""], ["connect", "create", "disconnect", "inspect", "ls", "prune", "rm"]),
        (["network", "create", "--ipa"], ["--ipam-driver", "--ipam-opt"]),
        (["container", "run", "--net"], ["--network", "--network-alias"]),
        (["graph", "--format", ""], ["text", "dot", "mermaid", "svg", "json"]),
        (["config", ""], ["web"]),
        (["-f", "other.yaml", "graph", "data"], ["database"]),
        (["-f", "missing.yaml", "graph", ""], []),
    ])
    func `completions come from the tables and the project`(words: [String], expected: [String]) throws {
        let wharf = try Wharf(
            Self.project.merging(["other.yaml": "services: {database: {image: x}}\n"]) { own, _ in own }
        )
        var command = Command(Binaries.path(of: "wharf"), ["--complete-words"] + words, in: wharf.folder / ".")
        command.environment = [:]
        let outcome = try command.run()
        #expect(outcome.end == .exit(0))
        #expect(outcome.errors.isEmpty)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.first == "words")
        #expect(lines.dropFirst().map { String($0.prefix { $0 != "\t" }) } == expected)
    }

    @Test(arguments: [
        (["config", "--bogus"], "unknown option `--bogus`"),
        (["config", "--quite"], "unknown option `--quite`; did you mean `--quiet`?"),
        (["--parallel", "0", "config"], "`--parallel` must be a positive number, or -1 for no limit, not `0`"),
        (["config", "--progress", "bad"], "`--progress` must be auto, tty, plain, json or quiet, not `bad`"),
        (
            ["--progress", "tty", "--ansi", "never", "config"],
            "`--progress tty` needs a terminal, which `--ansi never` forbids"
        ),
        (["version", "now"], "unexpected argument `now`: `wharf version` takes no arguments"),
    ])
    func `a mistake is told first`(arguments: [String], message: String) throws {
        let outcome = try Command(Binaries.path(of: "wharf"), arguments).run()
        #expect(outcome.errors.split(separator: "\n").first == "error: \(message)")
    }

    @Test(arguments: [
        (["COMPOSE_PROGRESS": "fancy"], "unsupported --progress value \"fancy\""),
        (["BUILDKIT_PROGRESS": "fancy"], "unsupported --progress value \"fancy\""),
        (
            ["COMPOSE_PROGRESS": "tty", "COMPOSE_ANSI": "never"],
            "can't use --progress tty while ANSI support is disabled"
        ),
    ])
    func `a variable that cannot be followed is told before a build`(
        environment: [String: String],
        message: String
    ) throws {
        let wharf = try Wharf(["Dockerfile": "FROM scratch\n"])
        var command = Command(Binaries.path(of: "wharf"), ["--root", wharf.folder / "root", "build", "."])
        (command.folder, command.environment) = (wharf.folder.path, environment)
        let outcome = try command.run()
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors == "error: \(message)\n")
        #expect(names(in: wharf.folder / "root").isEmpty)
    }

    @Test func `the version has three forms`() throws {
        let wharf = try Wharf([:])
        let number = try wharf.run("version", "--short").output
        #expect(try wharf.run("version").output == "wharf version \(number)")
        #expect(try wharf.run("version", "--format", "json").output.contains(number.dropLast()))
    }

    @Test func `the README has the table of exit statuses`() throws {
        let help = try Wharf([:]).run("--help").output
        let readme = try readText(Repository.root + "/README.md")
        for line in help.split(separator: "\n").drop(while: { $0 != "EXIT STATUS:" }).dropFirst().prefix(7) {
            let words = line.split(separator: " ", maxSplits: 1)
            let meaning = words[1].drop { $0 == " " }
            #expect(readme.contains("| \(words[0]) | \(meaning) |"))
        }
    }

    @Test func `the output can be written to a file`() throws {
        let wharf = try Wharf(Self.project)
        #expect(try wharf.run("config", "-o", "out.yaml").output.isEmpty)
        #expect(try wharf.folder.text("out.yaml") == wharf.run("config").output)
        #expect(try wharf.run("config", "-o", "no/such/folder").end == .exit(1))
    }
}

@Suite struct `An env file` {
    @Test func `can be a pipe, which is read only once`() throws {
        let folder = try Scratch()
        _ = try folder.write("compose.yaml", "services: {web: {image: \"nginx:${TAG}\"}}\n")
        let script = "exec \"$0\" --env-file <(echo TAG=7) config --images"
        let outcome = try Command("/bin/bash", ["-c", script, Binaries.path(of: "wharf")], in: folder / ".").run()
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output == "nginx:7\n")
    }
}
