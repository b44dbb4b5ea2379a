// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineAPI
import EngineClient
import TestSupport

/// A container whose network servers use, and the first of the ports by which this machine publishes theirs.
struct Place {
    /// The ports of the two servers in the container.
    static let (iperf, connections) = (5201, 5202)

    /// What runs it.
    let name: String
    let pid: Int
    let address: String
    let published: Int
}

extension ContainerCreateRequest {
    /// Publishes ports of connections: pairs of a port here and one in the container.
    mutating func publish(_ ports: [(Int, Int)]) {
        var bindings: [String: [PortBinding]?] = [:]
        for (here, there) in ports {
            var binding = PortBinding()
            binding.hostPort = "\(here)"
            bindings["\(there)/tcp"] = [binding]
        }
        hostConfig.portBindings = bindings
    }
}

extension BenchEngine {
    func place(port: Int) throws -> Place {
        var request = request(["sleep", "1000000"])
        request.hostConfig.networkMode = "bridge"
        request.publish([(port, Place.iperf), (port + 1, Place.connections)])
        let id = try client.createContainer(request, named: nil).id
        try client.startContainer(id)
        let container = try client.inspectContainer(id)
        let address = container.networkSettings.networks["bridge"]?.ipAddress ?? ""
        return Place(name: "wharf", pid: Int(container.state.pid), address: address, published: port)
    }

    /// The seconds of a container on a network up to its removal.
    func start(to network: String) throws -> Double {
        var request = request(["true"])
        request.hostConfig.networkMode = network
        let made = request
        return try seconds {
            let id = try client.createContainer(made, named: nil).id
            try client.startContainer(id)
            guard try client.waitForContainer(id).statusCode == 0 else {
                throw SystemFailure(message: "the container failed")
            }
            try client.removeContainer(id)
        }
    }

    /// The same by the command that users run.
    func command(_ network: String) throws -> Double {
        try run(["container", "run", "--rm", "--network", network, BenchEngine.image, "true"])
    }
}

/// Docker's command with a daemon that somebody else starts and stops.
final class Docker {
    private let command: String
    private let socket: String
    private let container = "wharf-bench"

    init(_ command: String, socket: String, archive: String) throws {
        self.command = command
        self.socket = socket
        _ = try run(["import", archive, "wharf-bench"])
    }

    deinit {
        _ = try? run(["rm", "--force", container])
    }

    private func run(_ arguments: [String]) throws -> Command.Outcome {
        let outcome = try Command(command, ["--host", "unix://\(socket)"] + arguments).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "docker: \(outcome.errors)") }
        return outcome
    }

    func place(port: Int) throws -> Place {
        _ = try run([
            "run", "--detach", "--publish", "\(port):\(Place.iperf)", "--publish", "\(port + 1):\(Place.connections)",
            "--name", container, "wharf-bench", "sleep", "1000000",
        ])
        let format = "{{.State.Pid}} {{.NetworkSettings.IPAddress}}"
        let words = try run(["inspect", "--format", format, container]).output.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let pid = Int(words[0]) else {
            throw SystemFailure(message: "docker does not tell where its container is")
        }
        return Place(name: "docker", pid: pid, address: String(words[1]), published: port)
    }

    /// The seconds of a container on a network up to its removal.
    func start(_ network: String) throws -> Double {
        try run(["run", "--rm", "--network", network, "wharf-bench", "true"]).duration / .seconds(1)
    }
}
