// SPDX-License-Identifier: Apache-2.0

import Arguments

/// A program with every kind of option, argument and command, which tells what it was asked for.
final class Sample {
    private(set) var seen: [String] = []
    private(set) var tablesMade: [String] = []

    func command() -> Command {
        Command(
            "tool",
            summary: "Do things.",
            subcommands: [
                Command("stop", aliases: ["halt"], summary: "Stop services.") { self.stop() },
                Command("exec", summary: "Run a command in a service.") { self.exec() },
                Command("copy", summary: "Copy files.") { self.copy() },
                Command(
                    "container",
                    summary: "Manage containers.",
                    section: "Groups",
                    subcommands: [Command("run", summary: "Run a container.") { self.containerRun() }]
                ),
                Command("secret", summary: "Not shown.", isHidden: true) { self.record("secret", []) },
            ]
        ) {
            self.tablesMade.append("tool")
            return Syntax(
                examples: "tool stop\ntool --size 3 exec web sh",
                optionsTitle: "Global options",
                options: [
                    .value("file", short: "f", "path", help: "A file.", isRepeatable: true) { self.see("file", $0) },
                    .number("size", "count", help: "How many.", default: "1") { count throws(InvalidValue) in
                        guard count > 0 else { throw InvalidValue("above zero") }
                        self.see("size", "\(count)")
                    },
                    .flag("dry-run", help: "Only show.") { self.see("dry-run", "\($0)") },
                    .show("version", short: "v", help: "Print the version.") { "tool 7\n" },
                ],
                check: { () throws(UsageError) in
                    if self.seen.filter({ $0.hasPrefix("size=") }).count > 1 { throw UsageError("one size only") }
                }
            )
        }
    }

    /// What is asked for, one word for each option and argument.
    func run(_ arguments: [String]) throws -> [String] {
        guard case .run(let run) = try CommandLineParser(command()).parse(arguments) else { return ["shown"] }
        try run()
        return seen
    }

    private func see(_ name: String, _ value: String) {
        seen.append("\(name)=\(value)")
    }

    private func record(
        _ name: String,
        _ options: [Option],
        _ positionals: [Positional] = [],
        passesThrough: Bool = false
    ) -> Syntax {
        tablesMade.append(name)
        return Syntax(
            options: options,
            positionals: positionals,
            passesThrough: passesThrough,
            run: { self.seen.append(name) }
        )
    }

    private func stop() -> Syntax {
        record(
            "stop",
            [
                .flag("all", short: "a", help: "All of them, even those that are not part of any project at all.") {
                    self.see("all", "\($0)")
                },
                .flag("quiet", short: "q", help: "Say nothing.") { self.see("quiet", "\($0)") },
                .value("signal", short: "s", "name", help: "The signal.", allowed: ["TERM", "KILL"], default: "TERM") {
                    self.see("signal", $0)
                },
                .value("root", "path", help: "A folder.", completion: .folders) { self.see("root", $0) },
                .value("log", "path", help: "A file.", completion: .files(extensions: ["txt"])) { self.see("log", $0) },
                .flag("old", help: "Not shown.", isHidden: true) { self.see("old", "\($0)") },
            ],
            [
                .any("SERVICE", help: "The services.", completion: .computed { self.seen + ["web", "worker"] }) {
                    self.see("service", $0)
                }
            ]
        )
    }

    private func exec() -> Syntax {
        record(
            "exec",
            [.flag("", short: "T", help: "No terminal.") { self.see("T", "\($0)") }],
            [
                .one("SERVICE", help: "The service.") { self.see("service", $0) },
                .some("COMMAND", help: "The command.") { self.see("word", $0) },
            ],
            passesThrough: true
        )
    }

    private func copy() -> Syntax {
        record(
            "copy",
            [],
            [
                .some("FROM", help: "What is copied.", completion: .files()) { self.see("from", $0) },
                .one("TO", help: "Where to.", completion: .folders) { to throws(InvalidValue) in
                    guard to.hasPrefix("/") else { throw InvalidValue("an absolute path") }
                    self.see("to", to)
                },
                .optional("OWNER", help: "Whose it is then.") { self.see("owner", $0) },
            ]
        )
    }

    private func containerRun() -> Syntax {
        record(
            "container run",
            [
                .value("hostname", short: "h", "name", help: "The name of the host.") { self.see("hostname", $0) },
                .value("volume", short: "v", "volume", help: "A volume.", isRepeatable: true) {
                    self.see("volume", $0)
                },
                .flag("interactive", short: "i", help: "Keep the input open.") { self.see("interactive", "\($0)") },
                .flag("tty", short: "t", help: "Give it a terminal.") { self.see("tty", "\($0)") },
            ],
            [
                .one("IMAGE", help: "The image.") { self.see("image", $0) },
                .any("WORD", help: "The command.") { self.see("word", $0) },
            ],
            passesThrough: true
        )
    }
}
