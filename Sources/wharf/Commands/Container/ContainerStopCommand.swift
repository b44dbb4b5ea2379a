// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container stop`: ends containers.
final class ContainerStopCommand {
    private let global: GlobalOptions
    private var options = StopOptions()
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("stop", summary: "Stop containers.") { ContainerStopCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container stop web
                wharf container stop -t 60 db web     give them a minute to end
                wharf container stop -s SIGINT web    ask with another signal
                """,
            options: StopOptions.table(timeout: { self.options.timeout = $0 }, signal: { self.options.signal = $0 }),
            positionals: [.containers(of: global, onlyRunning: true) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, options) = (try global.client(), options)
        try Targets.run(names) { name in
            try engine.stopContainer(name, timeout: options.timeout, signal: options.signal)
        }
    }
}

/// How containers are asked to end.
struct StopOptions: Sendable {
    /// In seconds; negative for any time.
    var timeout: Int?
    var signal: String?

    /// The table of the options.
    static func table(
        timeout: @escaping (Int) -> Void,
        signal: @escaping (String) -> Void
    ) -> [Option] {
        [
            .value("signal", short: "s", "signal", help: "The signal that asks to end; the container's unless given.") {
                signal($0)
            },
            .number(
                "timeout",
                short: "t",
                "seconds",
                help: "How long to wait before the container is killed; -1 for ever."
            ) { timeout($0) },
            .number("time", "seconds", help: "The same as --timeout.", isHidden: true) { timeout($0) },
        ]
    }
}
