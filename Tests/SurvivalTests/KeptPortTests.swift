// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Runtime
import TestSupport
import Testing

@Suite(.serialized) struct `Published ports and names while no engine runs` {
    private static let port: UInt16 = 18_081

    /// Tries to listen on the port, as any program could.
    private static func listen() -> SharedDescriptor? {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Descriptor(owning: Glibc.socket(AF_INET, flags, 0))
        var yes: Int32 = 1
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let result = withPlace(INADDR_ANY) { bind(socket.number, $0, $1) }
        guard result == 0, Glibc.listen(socket.number, 16) == 0 else { return nil }
        return SharedDescriptor(socket)
    }

    /// Waits until the keeper that serves holds sockets of its only container.
    private static func waitUntilSocketsAreHeld(by engine: SurvivingEngine) {
        let keeper = KeeperSupervisor(KeeperClient(socket: engine.location.keeperSocket))
        while true {
            var names: [String] = []
            try? keeper.forEachProcess { names.append($0.name) }
            if let name = names.first, let held = try? keeper.heldSockets(of: name), !held.isEmpty { return }
        }
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        try Command("/usr/bin/env", [program] + arguments).run().output
    }

    private static func page(_ address: String) throws -> String {
        try run("busybox", ["timeout", "30", "busybox", "wget", "-qO-", "http://\(address):\(port)/"])
    }

    /// A server that is published, and known to listen when this returns.
    private static func serve(on engine: SurvivingEngine) throws -> String {
        let script = "mkdir /www; echo whole > /www/index.html; httpd -p 80 -h /www; exec sleep 1000000"
        let id = try engine.run(["/bin/sh", "-c", script], named: "web") { request in
            request.hostConfig.networkMode = "front"
            request.networkingConfig.endpointsConfig = ["front": NetworkEndpoint()]
            var binding = PortBinding()
            binding.hostPort = "\(port)"
            request.hostConfig.portBindings = ["80/tcp": [binding], "7/udp": [binding]]
        }
        while try page("127.0.0.1") != "whole\n" {}
        return id
    }

    private static func with(_ body: @escaping @Sendable (SurvivingEngine, String) throws -> Void) async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                var request = NetworkCreateRequest()
                request.name = "front"
                _ = try engine.client.createNetwork(request)
                try body(engine, serve(on: engine))
                try engine.remove("web")
                try engine.insist { try $0.removeNetwork("front") }
            }
        }
    }

    @Test func `are nobody else's, and lead where they did`() async throws {
        try await Self.with { engine, _ in
            try engine.terminateEngine()
            #expect(Self.listen() == nil)
            #expect(try Self.page("127.0.0.1") == "whole\n")
            // What only an engine passes on waits for the next one.
            let script = """
                exec 3<>/dev/tcp/::1/\(Self.port)
                printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3
                '\(Binaries.path(of: "wharf"))' --root '\(engine.scratch.path)' container ls -q > /dev/null
                timeout 20 tail -n 1 <&3
                """
            #expect(try Self.run("bash", ["-c", script]) == "whole\n")
            #expect(Self.listen() == nil)
            #expect(try engine.find("web")?.networkSettings.ports["80/tcp"]??.first?.hostPort == "\(Self.port)")
        }
    }

    @Test func `have questions for names wait for the next engine`() async throws {
        try await Self.with { engine, id in
            let pid = try engine.state(id).pid
            try engine.terminateEngine()
            // The question (RFC 1035, section 4.1) is sent before there is anybody who could answer it.
            let script = """
                exec 3<>/dev/udp/127.0.0.11/53
                printf '\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x03web\\0\\0\\x01\\0\\x01' >&3
                nsenter --net=/proc/\(getpid())/ns/net \
                    '\(Binaries.path(of: "wharf"))' --root '\(engine.scratch.path)' container ls -q > /dev/null
                timeout 20 dd bs=512 count=1 <&3 2> /dev/null | od -An -v -tx1 | tr -d ' \\n'
                """
            let answer = try Self.run("nsenter", ["--net=/proc/\(pid)/ns/net", "bash", "-c", script])
            // The same number, a question, and an answer.
            #expect(answer.hasPrefix("1234") && answer.dropFirst(8).hasPrefix("00010001"), "\(answer)")
        }
    }

    @Test func `are free when the container ends`() async throws {
        try await Self.with { engine, id in
            let process = SharedDescriptor(try Descriptor.process(Int32(try engine.state(id).pid)))
            try engine.terminateEngine()
            try process.descriptor.signal(SIGKILL)
            // The keeper sees the end a moment later.
            var socket: SharedDescriptor?
            while socket == nil { socket = Self.listen() }
            // The next engine hears of it when it has taken the container over.
            while try engine.state(id).status != .exited {}
            // Whoever has the port now is told when it is to be published again.
            let error = #expect(throws: EngineError.self) { try engine.client.startContainer(id) }
            #expect(error?.message.contains("port is already allocated") == true, "\(error?.message ?? "")")
            socket = nil
            try engine.client.startContainer(id)
        }
    }

    @Test func `go to another keeper`() async throws {
        try await Self.with { engine, _ in
            let before = try engine.insist { try $0.status() }.keeperPID
            #expect(try engine.killKeeper())
            while try engine.insist({ try $0.status() }).keeperPID == before {}
            // It serves a moment before everything is handed over to it.
            Self.waitUntilSocketsAreHeld(by: engine)
            try engine.terminateEngine()
            #expect(Self.listen() == nil)
            try engine.insist { _ = try $0.ping() }
            #expect(try Self.page("127.0.0.1") == "whole\n")
        }
    }

    @Test func `are lost to whoever took them when nobody held them, and that is told`() async throws {
        try await Self.with { engine, id in
            try engine.killBoth()
            var socket = Self.listen()
            #expect(socket != nil)
            try engine.insist { _ = try $0.ping() }
            #expect(
                engine.log.contains("the container web is published on \(Self.port)/tcp no longer: port"),
                "\(engine.log)"
            )
            let settings = try #require(try engine.find(id)).networkSettings
            #expect(settings.ports["80/tcp"]??.isEmpty != false)
            // The port of the other protocol is its own as before.
            #expect(settings.ports["7/udp"]??.first?.hostPort == "\(Self.port)")
            // No rule takes from that program what is sent to it.
            #expect(try Self.isReached(#require(socket).number))
            socket = nil
            try engine.insist { try $0.restartContainer(id, timeout: 0) }
            while try Self.page("127.0.0.1") != "whole\n" {}
        }
    }

    /// Whether who connects to the port comes to a socket.
    private static func isReached(_ socket: Int32) -> Bool {
        let client = Descriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        let result = withPlace(INADDR_LOOPBACK) { Glibc.connect(client.number, $0, $1) }
        var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return result == 0 && poll(&request, 1, 5000) == 1
    }

    /// Calls a function with the port at an address.
    private static func withPlace(_ address: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var place = sockaddr_in()
        (place.sin_family, place.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        place.sin_addr.s_addr = address.bigEndian
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
