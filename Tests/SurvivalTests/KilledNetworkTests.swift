// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `Networks whose engine is killed at any instant` {
    /// How long the series is.
    private static let rounds = getenv("SURVIVAL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 24
    private static let port = 18_080

    @Test func `lead where they should, and leave nothing`() async throws {
        try await SurvivingEngine.with { engine in
            for name in ["front", "back"] { try await BlockingCall.run { try Self.make(name, on: engine) } }
            try await BlockingCall.run { try Self.startServer(on: engine) }
            let isOver = SharedFlag()
            async let kills = BlockingCall.run {
                var kills = 0
                while !isOver.isSet {
                    // It is the instant of the kill that the test is about, and nothing that it waits for.
                    poll(nil, 0, Int32.random(in: 0..<200))
                    if try engine.killEngine() { kills += 1 }
                }
                return kills
            }
            let next = SharedCounter()
            let result: Result<Void, any Error>
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            try await BlockingCall.run {
                                while case let number = next.take(), number < Self.rounds {
                                    try Self.round(number, on: engine)
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            isOver.set()
            let count = try await kills
            try result.get()
            print("\(Self.rounds) rounds of networks, the engine was killed \(count) times")
            #expect(count > 0)
            try await BlockingCall.run { try Self.checkAfterwards(engine) }
        }
        #expect(try Self.interfaces() == [])
        #expect(try Self.run("nft", ["list", "tables"]) == "")
    }

    // MARK: The series

    private static func make(_ name: String, on engine: SurvivingEngine) throws {
        var request = NetworkCreateRequest()
        request.name = name
        let wanted = request
        try done(.conflict) { try engine.insist { _ = try $0.createNetwork(wanted) } }
    }

    /// A container that runs through all of it.
    private static func startServer(on engine: SurvivingEngine) throws {
        let script = "mkdir /www; echo whole > /www/index.html; httpd -p 80 -h /www; exec sleep 1000000"
        _ = try engine.run(["/bin/sh", "-c", script], named: "web") { request in
            request.hostConfig.networkMode = "front"
            request.networkingConfig.endpointsConfig = ["front": NetworkEndpoint()]
            var binding = PortBinding()
            binding.hostPort = "\(port)"
            request.hostConfig.portBindings = ["80/tcp": [binding]]
        }
    }

    /// A container that comes into a network while it runs, leaves another one, and ends.
    private static func round(_ number: Int, on engine: SurvivingEngine) throws {
        let name = "round-\(number)"
        let id = try engine.run(["sleep", "1000000"], named: name) { request in
            request.hostConfig.networkMode = "front"
            request.networkingConfig.endpointsConfig = ["front": NetworkEndpoint()]
            request.hostConfig.portBindings = ["80/tcp": [PortBinding()]]
        }
        var coming = NetworkConnectRequest()
        coming.container = id
        coming.endpoint = NetworkEndpoint()
        coming.endpoint?.aliases = ["alias-\(number)"]
        let wanted = coming
        try done(.forbidden) { try engine.insist { try $0.connectNetwork("back", wanted) } }
        var leaving = NetworkDisconnectRequest()
        leaving.container = id
        let unwanted = leaving
        try done(.conflict) { try engine.insist { try $0.disconnectNetwork("front", unwanted) } }
        let settings = try #require(try engine.find(id)).networkSettings
        #expect(settings.networks.keys.sorted() == ["back"])
        #expect(settings.networks["back"]?.ipAddress.isEmpty == false)
        if number.isMultiple(of: 2) { try done(.conflict) { try engine.insist { try $0.killContainer(id) } } }
        try engine.remove(id)
    }

    /// Does something that may have been done by a request without an answer, which is the failure with a code then.
    private static func done(_ code: EngineError.Code, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as EngineError where error.code == code {}
    }

    // MARK: The end

    private static func checkAfterwards(_ engine: SurvivingEngine) throws {
        try engine.insist { _ = try $0.ping() }
        #expect(try page("127.0.0.1:\(port)") == "whole\n")
        #expect(try page("[::1]:\(port)") == "whole\n")
        let reader = try engine.run(["wget", "-qO-", "http://web/"], named: "reader") { request in
            request.hostConfig.networkMode = "front"
            request.networkingConfig.endpointsConfig = ["front": NetworkEndpoint()]
        }
        #expect(try engine.wait(reader) == 0)
        #expect(try engine.output(of: reader) == Array("whole\n".utf8))
        try engine.remove(reader)
        // Of all that was published only what still runs.
        let ports = try run("nft", ["list", "ruleset"]).split(separator: "\n").filter { $0.contains(" : 172.") }
        #expect(ports.count == 1 && ports[0].contains("tcp . \(port) : "), "\(ports)")
        let web = try #require(try engine.find("web")).networkSettings.networks["front"]
        let member = try engine.insist { try $0.inspectNetwork("front") }.containers.values
        #expect(member.map(\.name) == ["web"])
        #expect(member.first?.ipv4Address.hasPrefix(web?.ipAddress ?? "-") == true)
        try engine.remove("web")
        for name in ["front", "back"] { try done(.notFound) { try engine.insist { try $0.removeNetwork(name) } } }
    }

    private static func page(_ address: String) throws -> String {
        try run("busybox", ["timeout", "120", "busybox", "wget", "-qO-", "http://\(address)/"])
    }

    private static func interfaces() throws -> [String] {
        try run("ip", ["-br", "link"]).split(separator: "\n").map(String.init).filter { $0.hasPrefix("w") }
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let outcome = try Command("/usr/bin/env", [program] + arguments).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "\(program): \(outcome.errors)") }
        return outcome.output
    }
}
