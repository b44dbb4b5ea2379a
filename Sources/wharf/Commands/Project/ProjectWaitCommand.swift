// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Linux
import Reconciler
import Synchronization
import Terminal

/// `wharf wait`: waits until the containers of services have ended, and ends with the exit status of the last one.
///
/// With `--down-project` it waits for the first one, takes the project down and ends with that one's status.
final class ProjectWaitCommand {
    private let global: GlobalOptions
    private var services: [String] = []
    private var takesDown = false

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
                wharf wait --down-project test    and leave nothing once it has ended
                """,
            options: [
                .flag("down-project", help: "Take the project down when the first container has ended.") {
                    self.takesDown = $0
                }
            ],
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
        // The exit statuses in the order of the ends.
        let statuses = Mutex<[Int]>([])
        let (client, project) = (scope.client, scope.name)
        let work = try takesDown ? ProjectWork(global, title: "Running") : nil
        var down = ProjectLifeRequest(scope.project)
        // Nobody is left to ask for what the files do not have.
        down.options.removesOrphans = true
        down.parallelism = global.parallel
        // All of them before the first ends: the end of one may take the others away.
        let waits = containers.map { container in Result { try ContainerWait(container, client) } }
        let results = try WorkerThreads.map(waits) { [down] wait in
            Result {
                let status = try wait.get().status()
                let isFirst = statuses.withLock { statuses in
                    statuses.append(status)
                    return statuses.count == 1
                }
                if isFirst, let work { try work.follow(try client.conduct(.down, ofProject: project, down)) }
            }
        }
        var failures = Failures()
        for result in results { failures.collect { try result.get() } }
        try failures.finish()
        let status = statuses.withLock { takesDown ? $0.first : $0.last } ?? 0
        if status != 0 { throw CommandFailure(code: Int32(truncatingIfNeeded: status)) }
    }
}

/// A wait for the end of a container that has begun.
private final class ContainerWait: Sendable {
    private let id: String
    private let answer: Mutex<Response>

    init(_ container: ContainerSummary, _ client: EngineClient) throws {
        id = container.id
        answer = Mutex(try client.beginWait(for: container.id, condition: "not-running"))
    }

    /// Waits for the end, and tells of it.
    ///
    /// - Returns: The exit status.
    /// - Throws: What the client throws, or why the engine cannot know.
    func status() throws -> Int {
        let answer = try answer.withLock { answer in try ContainerWaitResponse(from: &answer) }
        if let failure = answer.error, !failure.message.isEmpty { throw CommandFailure(message: failure.message) }
        // These words are Docker Compose's.
        OutputStream.standard.write("container \"\(id)\" exited with status code \(answer.statusCode)\n")
        return answer.statusCode
    }
}
