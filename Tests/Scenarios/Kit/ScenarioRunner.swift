// SPDX-License-Identifier: Apache-2.0

package import ConformanceKit
import EngineAPI
import EngineClient
import Glibc
import TestSupport

/// What a step left.
package struct StepResult: Codable, Sendable {
    /// How the command ended: its status, or 1 where the engine refused a request.
    package var exit: Int
    /// What it printed, where that counts.
    package var output: String?
    package var state: JSONValue
    /// What it printed on the way, for people.
    package var remarks = ""

    private enum CodingKeys: CodingKey { case exit, output, state }
}

/// Goes through the steps of a scenario with one tool.
package struct ScenarioRunner {
    private let subject: Subject
    private let scenario: Case
    private let scratch: Scratch
    private var snapshots: Snapshots

    private var project: String { scratch / "proj" }

    /// Makes the files of a scenario.
    ///
    /// - Parameters:
    ///   - scenario: The scenario.
    ///   - subject: The tool and its engine, which has no containers, networks and volumes.
    /// - Throws: Where files cannot be written, or the engine does not take the images.
    package init(_ scenario: Case, _ subject: Subject) throws {
        self.scenario = scenario
        self.subject = subject
        scratch = try Scratch()
        snapshots = Snapshots(subject.client, base: scratch.path)
        try ScenarioImages.load(into: subject.client)
        try scenario.write(project: scratch / "proj", home: scratch / "home")
        let script = try scratch.write("bin/compose", "#!/bin/sh\nexec \(subject.program) \"$@\"\n")
        if chmod(script, 0o755) != 0 { throw SystemFailure("make executable", script) }
    }

    /// Goes through the steps.
    ///
    /// - Returns: What each of them left.
    /// - Throws: Where the engine does not tell its state.
    package mutating func run() throws -> [StepResult] {
        try scenario.steps.map { step in
            var result = StepResult(exit: 0, state: .null)
            switch step.kind {
            case .run, .out:
                let outcome = shell("exec compose \(step.text)")
                result.exit = outcome.status
                result.remarks = outcome.output + outcome.errors
                result.state = try snapshots.take()
                if step.kind == .out { result.output = snapshots.normalized(outcome.output) }
            case .shell:
                let outcome = shell(step.text)
                result.exit = outcome.status
                result.remarks = outcome.output + outcome.errors
                result.state = try snapshots.take()
            case .api:
                do {
                    try request(step.text)
                } catch {
                    result.exit = 1
                    result.remarks = "\(error)"
                }
                result.state = try snapshots.take()
            }
            return result
        }
    }

    private func shell(_ script: String) -> (status: Int, output: String, errors: String) {
        let path = "PATH=\(scratch / "bin"):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let invocation = Invocation(
            executable: "/bin/bash",
            arguments: ["-c", Case.expand(script, project)],
            environment: [path, "HOME=\(scratch / "home")", "TERM=dumb", "NO_COLOR=1", "TZ=UTC", "LC_ALL=C.UTF-8"]
                + subject.variables + scenario.environment,
            directory: project,
            timeLimit: .seconds(300)
        )
        let outcome = invocation.run()
        let output = String(decoding: outcome.output, as: UTF8.self)
        let errors = String(decoding: outcome.errors, as: UTF8.self)
        guard case .exited(let status) = outcome.ending else { return (-1, output, "\(outcome.ending)\n\(errors)") }
        return (Int(status), output, errors)
    }

    /// Sends what a step says: a method, a path with its query, and perhaps a body.
    private func request(_ text: String) throws {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count >= 2, let method = Request.Method(rawValue: words[0]) else {
            throw SystemFailure(message: "`\(text)` is no request")
        }
        let body = words.count > 2 ? Request.Body.json(Array(words[2].utf8)) : .none
        try subject.client.finish(Request(method, RequestPath(stringLiteral: words[1]), body: body))
    }
}

extension Subject {
    /// Takes away all that a scenario left, so that the next one finds nothing.
    ///
    /// - Throws: Where the engine refuses.
    package func clear() throws {
        for container in try client.listContainers(showsAll: true) {
            try client.removeContainer(container.id, force: true, volumes: true)
        }
        // Networks and volumes of an older engine lack members that ours have.
        for network in try client.get(JSONValue.self, "/networks").values {
            guard let name = network["Name"].text, !Snapshots.predefinedNetworks.contains(name) else { continue }
            try client.removeNetwork(name)
        }
        for volume in try client.get(JSONValue.self, "/volumes")["Volumes"].values {
            try client.removeVolume(volume["Name"].text ?? "", force: true)
        }
        for image in try client.get(JSONValue.self, "/images/json").values {
            for tag in image["RepoTags"].texts where !ScenarioImages.names.contains(tag) && tag != "<none>:<none>" {
                try client.delete("/images/\(image: tag)")
            }
        }
    }
}
