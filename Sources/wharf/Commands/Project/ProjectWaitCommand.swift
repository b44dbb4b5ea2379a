// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Linux
import Synchronization
import Terminal

/// `wharf wait`: waits until the containers of services have ended, and ends with the exit status of the last one.
final class ProjectWaitCommand {
    private let global: GlobalOptions
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "wait",
            summary: "Wait until the containers of services have ended.",
            section: ProjectCommands.section
        ) { ProjectWaitCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf wait migrate     and end with its exit status
                wharf wait 'test-*'    with that of the one which ends last
                """,
            positionals: [
                .some(
                    "SERVICE",
                    help: "The services, also as patterns such as 'test-*'.",
                    completion: .knownServices(of: global)
                ) { self.services.append($0) }
            ],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        let containers = scope.containers(of: chosen, includesStopped: true, includesOneOffs: false)
        for service in chosen where !containers.contains(where: { $0.service == service }) {
            throw CommandFailure(
                message: "service \"\(service)\" has no container to wait for: make it with `wharf up -d \(service)`"
            )
        }
        let last = Mutex<Int>(0)
        let client = scope.client
        let results = try WorkerThreads.map(containers) { container in
            Result {
                let answer = try client.waitForContainer(container.id)
                if let failure = answer.error, !failure.message.isEmpty {
                    throw CommandFailure(message: failure.message)
                }
                last.withLock { last in
                    last = answer.statusCode
                    // These words are Docker Compose's.
                    OutputStream.standard.write(
                        "container \"\(container.id)\" exited with status code \(answer.statusCode)\n"
                    )
                }
            }
        }
        var failures = Failures()
        for result in results { failures.collect { try result.get() } }
        try failures.finish()
        let status = last.withLock { $0 }
        if status != 0 { throw CommandFailure(code: Int32(truncatingIfNeeded: status)) }
    }
}
