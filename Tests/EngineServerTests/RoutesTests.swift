// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import TestSupport
import Testing

@testable import Engine
@testable import EngineServer

private func routes(_ scratch: Scratch, stop: @escaping @Sendable () -> Void = {}) throws -> EngineRoutes {
    let location = EngineLocation(data: scratch.path, runtime: scratch / "run")
    return EngineRoutes(try Engine(at: location, keeping: .embedded), stop: stop)
}

/// The head of a request, as the server has it.
private func head(_ method: String, _ target: String) throws -> RequestHead {
    try RequestHead(lines: ["\(method) \(target) HTTP/1.1", "Host: x"].map { Array($0.utf8) })
}

@Suite struct `Routes` {
    @Test(arguments: [
        ("/images/a/json", "a"), ("/images/127.0.0.1:5001/a/b:1/json", "127.0.0.1:5001/a/b:1"),
        ("/images/a%2Fb/json", "a/b"), ("/v1.24/images/json/json", "json"), ("/images/sha256:0/json", "sha256:0"),
    ])
    func `names of images may have slashes`(target: String, name: String) throws {
        let (_, parameters) = try routes(Scratch()).router.route(for: head("GET", target))
        #expect(parameters["name"] == name)
    }

    @Test func `names of containers may begin with a slash`() throws {
        let (_, parameters) = try routes(Scratch()).router.route(for: head("GET", "/containers/%2Fweb/json"))
        #expect(parameters["id"] == "/web")
    }

    @Test(arguments: [
        ("GET", "/"), ("GET", "/images//json"), ("GET", "/containers//json"), ("POST", "/version"),
        ("GET", "/containers/a/b/json"), ("GET", "/_ping/"), ("PATCH", "/containers/json"), ("GET", "/v1.41"),
    ])
    func `other paths are not found`(method: String, target: String) throws {
        let error = #expect(throws: EngineError.self) { try routes(Scratch()).router.route(for: head(method, target)) }
        #expect(error == .unknownRoute)
    }

    @Test func `what ends with its client is what waits, streams or takes a body in pieces`() throws {
        let waiting: [(method: String, target: String)] = [
            ("GET", "/events"), ("POST", "/containers/a/wait"), ("POST", "/containers/a/attach"),
            ("GET", "/containers/a/logs"), ("GET", "/containers/a/stats"), ("GET", "/containers/a/export"),
            ("GET", "/containers/a/archive"), ("PUT", "/containers/a/archive"), ("POST", "/exec/a/start"),
            ("GET", "/images/get"), ("GET", "/images/a/get"), ("POST", "/images/load"), ("POST", "/images/create"),
        ]
        let changing = [
            ("POST", "/containers/create"), ("POST", "/containers/a/start"), ("POST", "/containers/a/stop"),
            ("POST", "/containers/a/restart"), ("POST", "/containers/a/kill"), ("POST", "/containers/a/pause"),
            ("POST", "/containers/a/unpause"), ("POST", "/containers/a/rename"), ("POST", "/containers/a/update"),
            ("POST", "/containers/a/resize"), ("POST", "/containers/a/exec"), ("DELETE", "/containers/a"),
            ("POST", "/containers/prune"), ("POST", "/commit"), ("POST", "/exec/a/resize"), ("GET", "/exec/a/json"),
            ("GET", "/containers/json"), ("GET", "/containers/a/json"), ("GET", "/containers/a/top"),
            ("GET", "/containers/a/changes"), ("POST", "/wharf/v1/containers/a/remove-files"),
            ("HEAD", "/containers/a/archive"), ("GET", "/images/json"),
            ("GET", "/images/a/history"), ("POST", "/images/a/tag"), ("DELETE", "/images/a"),
            ("POST", "/images/prune"), ("GET", "/info"), ("GET", "/wharf/v1/engine"),
            ("GET", "/networks"), ("GET", "/networks/a"), ("POST", "/networks/create"), ("DELETE", "/networks/a"),
            ("POST", "/networks/a/connect"), ("POST", "/networks/a/disconnect"), ("POST", "/networks/prune"),
        ]
        let router = try routes(Scratch()).router
        for (method, target) in waiting {
            #expect(try router.route(for: head(method, target)).route.endsWithClient, "\(method) \(target)")
        }
        for (method, target) in changing {
            #expect(try !router.route(for: head(method, target)).route.endsWithClient, "\(method) \(target)")
        }
    }

    @Test(arguments: [
        ("GET", "/containers/a/logs", 400), ("POST", "/containers/a/wait?condition=never", 400),
        ("POST", "/containers/a/resize?h=1", 400), ("POST", "/containers/a/rename", 400),
        ("POST", "/containers/a/stop?t=soon", 400), ("GET", "/containers/a/archive", 400),
        ("GET", "/containers/json?filters=%7B%22all%22%3A%5B%221%22%5D%7D", 400), ("GET", "/events?since=x", 400),
        ("GET", "/events?since=20&until=10", 400), ("POST", "/containers/create", 400), ("GET", "/images/get", 400),
        ("POST", "/containers/a/attach?detachKeys=nothing", 400), ("POST", "/images/a/tag", 400),
        ("POST", "/images/create?fromImage=127.0.0.1:1/a", 503), ("POST", "/images/create?fromSrc=http://x/", 400),
        ("POST", "/build?version=2", 501), ("POST", "/networks/create", 400), ("PUT", "/volumes/x", 501),
        ("GET", "/containers/a/attach/ws", 501), ("GET", "/system/df?type=nonsense", 400), ("GET", "/swarm", 503),
        ("GET", "/nodes/x", 503), ("GET", "/plugins/x/json", 404), ("GET", "/volumes/x", 404),
        ("GET", "/networks/nothing", 404), ("POST", "/containers/a/start", 404),
        ("GET", "/networks/none?verbose=loud", 400), ("GET", "/networks/none?scope=swarm", 404),
        ("POST", "/networks/none/connect", 400), ("POST", "/networks/none/disconnect", 400),
        ("GET", "/networks?filters=%7B%22until%22%3A%5B%221h%22%5D%7D", 400), ("DELETE", "/networks/nothing", 404),
        ("POST", "/networks/prune?filters=%7B%22name%22%3A%5B%22a%22%5D%7D", 400), ("DELETE", "/networks/none", 403),
    ])
    func `wrong requests are told apart`(method: String, target: String, status: Int) async throws {
        let scratch = try Scratch()
        try await TestServer.run(routes(scratch).all) { server in
            let (head, body) = try await server.connect().exchange(request(method, target))
            #expect(head.hasPrefix("HTTP/1.1 \(status) "))
            #expect(body.hasPrefix("{\"message\":\""))
            #expect(server.log.values == [])
        }
    }

    @Test(arguments: ["/_ping", "/v1.24/_ping", "/v1.51/_ping"]) func `ping tells what clients need`(
        target: String
    ) async throws {
        let scratch = try Scratch()
        try await TestServer.run(routes(scratch).all) { server in
            let client = try server.connect()
            try await client.send(request("HEAD", target))
            let ping = try await client.receive(through: "\r\n\r\n")
            for field in [
                "Api-Version: 1.51", "Ostype: linux", "Swarm: inactive", "Builder-Version: 1", "Pragma: no-cache",
            ] {
                #expect(ping.contains("\r\n\(field)\r\n"))
            }
            #expect(try await client.exchange(request("GET", target)).body == "OK")
        }
    }

    @Test func `networks are those that are always there`() async throws {
        let scratch = try Scratch()
        try await TestServer.run(routes(scratch).all) { server in
            let client = try server.connect()
            let list = try await client.exchange(request("GET", "/networks")).body
            #expect(list.contains("\"Name\":\"none\"") && list.contains("\"Name\":\"host\""))
            #expect(try await client.exchange(request("GET", "/v1.27/networks")).body == list)
            let filter = "%7B%22name%22%3A%7B%22hos%22%3Atrue%7D%7D"
            #expect(try await !client.exchange(request("GET", "/networks?filters=\(filter)")).body.contains("\"none\""))
            #expect(try await client.exchange(request("GET", "/networks/6e6f")).body.contains("\"Name\":\"none\""))
            let volumes = try await client.exchange(request("GET", "/volumes")).body
            #expect(volumes.contains("\"Volumes\":[]") && volumes.contains("\"Warnings\":null"))
        }
    }

    @Test func `the stop of the engine is answered before it happens`() async throws {
        let stopped = Latch()
        let scratch = try Scratch()
        try await TestServer.run(routes(scratch) { stopped.open() }.all) { server in
            #expect(
                try await server.connect().exchange(request("POST", "/wharf/v1/engine/stop")).head.contains(" 204 ")
            )
            try await stopped.wait()
        }
    }

    @Test func `samples tell what was before`() {
        var (first, second) = (ContainerStatistics(), ContainerStatistics())
        first.read = Timestamp(seconds: 1)
        first.cpu.systemCpuUsage = 10
        second.read = Timestamp(seconds: 2)
        second.cpu.systemCpuUsage = 20
        let sample = second.following(first)
        #expect(sample.preread == first.read && sample.previousCPU == first.cpu && sample.cpu == second.cpu)
    }

    @Test(
        .enabled(if: isExecutable("/usr/local/bin/docker") || isExecutable("/usr/bin/docker"), "needs the docker CLI")
    )
    func `the docker CLI understands the version and the networks`() async throws {
        let scratch = try Scratch()
        let docker = isExecutable("/usr/bin/docker") ? "/usr/bin/docker" : "/usr/local/bin/docker"
        try await TestServer.run(routes(scratch).all) { server in
            let environment = ["DOCKER_HOST": "unix://\(server.path)", "HOME": scratch.path, "PATH": "/usr/bin:/bin"]
            let version = try await run(
                docker,
                ["version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"],
                environment: environment
            )
            #expect(version.output == "\(ProductVersion.number) 1.51\n", "\(version.errors)")
            let networks = try await run(docker, ["network", "ls", "--format", "{{.Name}}"], environment: environment)
            #expect(networks.output == "bridge\nhost\nnone\n", "\(networks.errors)")
            // Nothing listens there.
            let pull = try await run(docker, ["pull", "-q", "127.0.0.1:1/alpine"], environment: environment)
            #expect(pull.end == .exit(1) && pull.errors.contains("cannot reach 127.0.0.1:1"), "\(pull.errors)")
        }
    }
}
