// SPDX-License-Identifier: Apache-2.0

import CLinux
import EngineAPI
import Glibc
import Linux
import Netlink
import NetlinkSupport
import TestSupport
import Testing

@testable import Engine

extension TestedEngine {
    /// Runs a test with an engine whose networks are in a network namespace of the test's own.
    static func networked(
        _ kind: EngineKind,
        _ body: @escaping @Sendable (TestedEngine, TestHost) async throws -> Void
    ) async throws {
        let machine = try TestHost()
        try await with(kind, in: machine.network) { host in
            try await body(host, machine)
            try await host.removeNetworks()
        }
        let leftovers = try machine.leftovers()
        #expect(leftovers == [])
    }

    /// Removes the networks that a test has made, and what was in them.
    func removeNetworks() async throws {
        for unit in engine.containers.all { try await unit.remove(force: true) }
        _ = try await engine.pruneNetworks(Filters())
    }

    /// Makes a network.
    func makeNetwork(
        _ name: String,
        _ change: (inout NetworkCreateRequest) -> Void = { _ in }
    ) async throws {
        var request = NetworkCreateRequest()
        request.name = name
        change(&request)
        _ = try await engine.createNetwork(request)
    }

    /// Starts a container in networks, and waits until it listens where it is to listen.
    func serve(
        _ name: String,
        on networks: [String],
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        // It says who it is on port 80.
        let script = "mkdir /www; echo \(name) > /www/index.html; httpd -p 80 -h /www; echo ready; exec sleep 1000000"
        let id = try await create(["/bin/sh", "-c", script], named: name) {
            $0.use(networks)
            change(&$0)
        }
        try await startAndWaitForOutput(id)
        return id
    }

    /// What a short script in a new container writes; what it writes to standard error comes behind it.
    func output(
        of script: String,
        on networks: [String],
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        let outcome = try await run(["/bin/sh", "-c", script]) {
            $0.use(networks)
            $0.hostConfig.autoRemove = true
            change(&$0)
        }
        return outcome.output + outcome.errors
    }

    /// The routers of IPv6 of a container, as the kernel writes their addresses.
    func routers(of id: String) async throws -> [String] {
        let text = try readText("/proc/\(await state(id).pid)/net/ipv6_route")
        var routers: [String] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let isDefault = fields.count == 10 && fields[1] == "00" && fields[9] != "lo"
            if isDefault { routers.append(String(fields[4])) }
        }
        return routers
    }

    /// Has a container say to all others of its network that it is the router (RFC 4861, section 4.2).
    func advertiseRouter(from id: String) async throws {
        let process = SharedDescriptor(try Descriptor.process(Int32(try await state(id).pid)))
        try await BlockingCall.run {
            try SystemError.check(clinux_setns(process.number, Int32(CLONE_NEWNET)), "setns")
            let number = Glibc.socket(AF_INET6, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_ICMPV6))
            let socket = Descriptor(owning: try SystemError.check(number, "socket"))
            var hops: Int32 = 255
            setsockopt(
                socket.number,
                Int32(IPPROTO_IPV6),
                IPV6_MULTICAST_HOPS,
                &hops,
                socklen_t(MemoryLayout<Int32>.size)
            )
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            inet_pton(AF_INET6, "ff02::1", &place.sin6_addr)
            place.sin6_scope_id = if_nametoindex("eth0")
            // A router for half an hour.
            let message: [UInt8] = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]
            let count = withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket.number, message, message.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            if count != message.count { throw SystemError("sendto", errno) }
        }
    }

    func settings(_ id: String) async throws -> NetworkSettings {
        try await engine.inspectContainer(id, countsSizes: false).networkSettings
    }
}

extension ContainerCreateRequest {
    /// Has a container be in networks, by their names.
    mutating func use(_ networks: [String]) {
        hostConfig.networkMode = networks.first ?? "bridge"
        var endpoints: [String: NetworkEndpoint] = [:]
        for network in networks { endpoints[network] = networkingConfig.endpointsConfig?[network] ?? NetworkEndpoint() }
        networkingConfig.endpointsConfig = endpoints
    }

    /// Changes what is asked for in a network.
    mutating func endpoint(_ network: String, _ change: (inout NetworkEndpoint) -> Void) {
        var endpoints = networkingConfig.endpointsConfig ?? [:]
        var endpoint = endpoints[network] ?? NetworkEndpoint()
        change(&endpoint)
        endpoints[network] = endpoint
        networkingConfig.endpointsConfig = endpoints
    }

    /// Publishes a port.
    mutating func publish(_ port: String, at address: String = "", _ hostPort: String) {
        var binding = PortBinding()
        (binding.hostIP, binding.hostPort) = (address, hostPort)
        var bindings = hostConfig.portBindings ?? [:]
        bindings[port] = ((bindings[port] ?? nil) ?? []) + [binding]
        hostConfig.portBindings = bindings
    }
}

/// A network like that of a machine, with a way to the world, which is another network.
final class TestHost: Sendable {
    let network: TestNetwork
    let world: TestNetwork

    /// The addresses of the host, and those of the world.
    static let (address, worldAddress) = ("203.0.113.7", "203.0.113.1")
    static let (address6, worldAddress6) = ("2001:db8:7::7", "2001:db8:7::1")

    init() throws {
        (network, world) = (try TestNetwork(), try TestNetwork())
        let script = """
            ip link set lo up; ip link add uplink type veth peer name eth0 netns /proc/$PPID/fd/$1
            ip link set uplink up; nsenter --net=/proc/$PPID/fd/$1 ip link set lo up
            nsenter --net=/proc/$PPID/fd/$1 ip link set eth0 up
            ip addr add \(Self.address)/24 dev uplink; ip addr add \(Self.address6)/64 dev uplink nodad
            nsenter --net=/proc/$PPID/fd/$1 ip addr add \(Self.worldAddress)/24 dev eth0
            nsenter --net=/proc/$PPID/fd/$1 ip addr add \(Self.worldAddress6)/64 dev eth0 nodad
            ip route add default via \(Self.worldAddress); ip -6 route add default via \(Self.worldAddress6)
            """
        let own = script.replacing("$PPID", with: "\(getpid())").replacing("$1", with: "\(world.number)")
        _ = try network.output(of: "sh", ["-ec", own])
    }

    /// What an engine has left in it: interfaces and tables.
    func leftovers() throws -> [String] {
        var links: [String] = []
        // The kernel takes away what was in a namespace some time after the last who held that.
        _ = try waitUntil {
            links = try network.route.links().map(\.name).filter { !["lo", "uplink"].contains($0) }
            return links.isEmpty
        }
        return links + (try network.nft("tables"))
    }
}

extension TestNetwork {
    /// What a page of a server is, asked for in this network, where `seconds` only matter if no answer is expected.
    func page(_ address: String, within seconds: Int = 120) async throws -> String {
        try await BlockingCall.run {
            try self.output(of: "busybox", ["timeout", "\(seconds)", "busybox", "wget", "-qO-", "http://\(address)/"])
        }
    }
}

/// A server in a network, on a thread that ends with the last reference.
final class TestServer: Sendable {
    /// Closed at the end, which the thread waits for as well.
    private let end: SharedDescriptor

    /// - Parameters:
    ///   - network: The number of a descriptor of the network, or of a pidfd of a process in it.
    ///   - type: Of the socket.
    ///   - port: The port, at all addresses of both families.
    ///   - serve: Serves whoever has come to the socket.
    /// - Throws: The error of setns(2), socket(2) or bind(2).
    private init(
        inNetworkOf network: Int32,
        _ type: __socket_type,
        port: UInt16,
        _ serve: @escaping @Sendable (Int32) -> Void
    ) throws {
        let number = try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(network, Int32(CLONE_NEWNET)), "setns")
            // A program that another test starts meanwhile is to have no copy.
            let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let number = try SystemError.check(Glibc.socket(AF_INET6, flags, 0), "socket")
            var place = sockaddr_in6()
            (place.sin6_family, place.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
            let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let result = withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
            }
            try SystemError.check(result, "bind")
            if type == SOCK_STREAM { try SystemError.check(listen(number, 16), "listen") }
            return number
        }
        let socket = SharedDescriptor(Descriptor(owning: number))
        let pipe = try Pipe()
        end = SharedDescriptor(try pipe.writer.duplicate())
        let reader = SharedDescriptor(try pipe.reader.duplicate())
        try BlockingCall.start {
            while true {
                var events = [
                    pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: reader.number, events: 0, revents: 0),
                ]
                if poll(&events, 2, -1) < 0 || events[1].revents != 0 { return }
                serve(socket.number)
            }
        }
    }

    /// Repeats what it gets by UDP.
    static func echo(inNetworkOf process: Int, port: UInt16) throws -> TestServer {
        let process = try Descriptor.process(Int32(process))
        return try TestServer(inNetworkOf: process.number, SOCK_DGRAM, port: port) { number in
            var bytes = [UInt8](repeating: 0, count: 2048)
            var (sender, size) = (sockaddr_in6(), socklen_t(MemoryLayout<sockaddr_in6>.size))
            withUnsafeMutablePointer(to: &sender) { sender in
                sender.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                    let count = recvfrom(number, &bytes, bytes.count, 0, sender, &size)
                    if count > 0 { sendto(number, bytes, count, 0, sender, size) }
                }
            }
        }
    }

    /// Answers requests on port 8000 with the address of whoever asks.
    static func mirror(in network: TestNetwork) throws -> TestServer {
        try mirror(inNetworkOf: network.number, port: 8000)
    }

    /// Answers requests likewise in the network of a process.
    static func mirror(inNetworkOfProcess process: Int, port: UInt16) throws -> TestServer {
        let process = try Descriptor.process(Int32(process))
        return try mirror(inNetworkOf: process.number, port: port)
    }

    private static func mirror(inNetworkOf network: Int32, port: UInt16) throws -> TestServer {
        try TestServer(inNetworkOf: network, SOCK_STREAM, port: port) { number in
            var (sender, size) = (sockaddr_in6(), socklen_t(MemoryLayout<sockaddr_in6>.size))
            let result = withUnsafeMutablePointer(to: &sender) { sender in
                sender.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(number, $0, &size) }
            }
            if result < 0 { return }
            let connection = Descriptor(owning: result)
            var bytes = [UInt8](repeating: 0, count: 4096)
            _ = read(connection.number, &bytes, bytes.count)
            let address = withUnsafeBytes(of: sender.sin6_addr) { IPAddress(bytes: $0) }
            let text = (address?.description ?? "").replacing("::ffff:", with: "")
            try? connection.write(Array("HTTP/1.0 200 OK\r\n\r\nthe world sees \(text)\n".utf8))
            shutdown(connection.number, Int32(SHUT_WR))
        }
    }
}

extension TestNetwork {
    /// What comes back for a line that is sent by UDP.
    func echo(_ line: String, _ address: String, _ port: Int) async throws -> String {
        let script = "exec 3<>/dev/udp/\(address)/\(port); echo \(line) >&3; timeout 120 head -n1 <&3"
        return try await BlockingCall.run { try self.output(of: "bash", ["-c", script]) }
    }
}
