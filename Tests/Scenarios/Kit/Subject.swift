// SPDX-License-Identifier: Apache-2.0

import ConformanceKit
import EngineAPI
package import EngineClient
import Glibc
import Linux
import TestSupport

/// A tool with the engine that it works on.
package struct Subject: Sendable {
    /// Docker Compose or wharf.
    package var program: String
    package var client: EngineClient
    /// The variables by which the tool finds its engine, in the form `NAME=value`.
    package var variables: [String]

    /// Docker Compose on an engine that somebody has started.
    ///
    /// - Parameters:
    ///   - program: The path of Docker Compose.
    ///   - socket: The path of the engine's socket.
    /// - Returns: The two.
    /// - Throws: Where no engine answers.
    package static func docker(_ program: String, socket: String) throws -> Self {
        let client = try EngineClient.negotiated(socket: socket)
        return Self(program: program, client: client, variables: ["DOCKER_HOST=unix://\(socket)"])
    }
}

/// An engine of wharf's that lives for one scenario.
package final class WharfEngine {
    package let subject: Subject
    private let scratch: Scratch

    /// Starts an engine that has the images of the scenarios.
    ///
    /// - Throws: What goes wrong.
    package init() throws {
        scratch = try Scratch()
        let root = scratch / "root"
        let location = EngineLocation(root: root, environment: { _ in nil }, uid: geteuid())
        subject = Subject(
            program: Binaries.path(of: "wharf"),
            // The version that the recorded engine speaks.
            client: EngineClient(socket: location.socket, version: APIVersion(1, 41)),
            variables: ["WHARF_ROOT=\(root)"]
        )
        // On a busy machine it may be long until the next request.
        try run(Binaries.path(of: "wharfd"), ["--idle-timeout", "0"])
    }

    deinit {
        do {
            try end()
        } catch {
            print("cannot end the engine of a scenario: \(error)")
        }
    }

    /// Ends the engine with all that it runs.
    private func end() throws {
        let status = try subject.client.status()
        for container in try subject.client.listContainers(showsAll: true) {
            try subject.client.removeContainer(container.id, force: true)
        }
        let processes = try [status.pid, status.keeperPID].compactMap { $0 }.map {
            Held(process: try Descriptor.process(Int32(truncatingIfNeeded: $0)))
        }
        try run(subject.program, ["engine", "stop"])
        for held in processes {
            var wait = pollfd(fd: held.process.number, events: Int16(POLLIN), revents: 0)
            while poll(&wait, 1, -1) < 0, errno == EINTR {}
        }
    }

    private final class Held {
        let process: Descriptor

        init(process: consuming Descriptor) { self.process = process }
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        var environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": scratch.path]
        for variable in subject.variables {
            let parts = variable.split(separator: "=", maxSplits: 1).map(String.init)
            environment[parts[0]] = parts[1]
        }
        let outcome = try Command(program, arguments, environment: environment).run()
        guard outcome.end == .exit(0) else {
            throw SystemFailure(message: "\(program) \(arguments): \(outcome.errors)")
        }
    }
}
