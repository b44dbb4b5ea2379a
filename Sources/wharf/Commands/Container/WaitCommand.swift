// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container wait`: waits until containers have ended, and prints their exit statuses.
final class WaitCommand {
    private let global: GlobalOptions
    private var containers: [String] = []

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("wait", summary: "Wait until containers have ended, and print their exit statuses.") {
            let wait = WaitCommand(global)
            return Syntax(
                examples: "wharf container wait job",
                positionals: [.some("CONTAINER", help: "The containers.") { wait.containers.append($0) }],
                run: wait.run
            )
        }
    }

    func run() throws {
        let client = try global.client()
        var failures = Failures()
        for name in containers {
            failures.collect {
                let answer = try client.waitForContainer(name)
                if let failure = answer.error, !failure.message.isEmpty {
                    throw CommandFailure(message: failure.message)
                }
                OutputStream.standard.write("\(answer.statusCode)\n")
            }
        }
        try failures.finish()
    }
}
