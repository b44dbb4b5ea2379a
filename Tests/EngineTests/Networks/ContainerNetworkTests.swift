// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import NetlinkSupport
import TestSupport
import Testing

@testable import Engine

@Suite struct `Containers in networks` {
    @Test(arguments: EngineKind.allCases) func `find each other by name`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, _ in
            try await host.makeNetwork("front")
            let id = try await host.serve("web", on: ["front"]) { request in
                request.endpoint("front") { $0.aliases = ["www", "Site"] }
                request.config.hostname = "machine"
            }
            for name in ["web", "www", "site", "machine", "web.front", String(id.prefix(12))] {
                #expect(try await host.output(of: "wget -qO- http://\(name)/", on: ["front"]) == "web\n")
            }
            let address = try await host.settings(id).networks["front"]?.ipAddress ?? ""
            let reverse = try await host.output(of: "nslookup \(address) 127.0.0.11", on: ["front"])
            #expect(reverse.contains("name = web.front"))
            let inside = try await host.output(of: "cat /etc/resolv.conf; ip -4 -o addr show eth0", on: ["front"])
            #expect(inside.contains("nameserver 127.0.0.11\n"))
        }
    }

    @Test(arguments: EngineKind.allCases) func `are reached by published ports`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            let id = try await host.serve("web", on: ["front"]) {
                $0.publish("80/tcp", "8080")
                $0.publish("80/tcp", at: "127.0.0.1", "8081")
                $0.publish("7/udp", "7000")
            }
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            #expect(try await machine.network.page("203.0.113.7:8080") == "web\n")
            #expect(try await machine.network.page("127.0.0.1:8081") == "web\n")
            // The container has no address of IPv6, and the host has.
            #expect(try await machine.network.page("[::1]:8080") == "web\n")
            #expect(try await machine.network.page("[\(TestHost.address6)]:8080") == "web\n")
            #expect(try await machine.world.page("\(TestHost.address):8080") == "web\n")
            await #expect(throws: SystemFailure.self) { try await machine.network.page("203.0.113.7:8081", within: 5) }
            // Another container, and the container itself, by the address of the host.
            #expect(try await host.output(of: "wget -qO- http://203.0.113.7:8080/", on: ["front"]) == "web\n")
            let echo = try await TestServer.echo(inNetworkOf: host.state(id).pid, port: 7)
            #expect(try await machine.network.echo("hello", "127.0.0.1", 7000) == "hello\n")
            #expect(try await machine.network.echo("hello", TestHost.address, 7000) == "hello\n")
            withExtendedLifetime(echo) {}
            try await host.engine.removeContainer(id, force: true, volumes: false)
            await #expect(throws: SystemFailure.self) { try await machine.network.page("127.0.0.1:8080", within: 5) }
        }
    }

    @Test(arguments: EngineKind.allCases) func `reach nobody of another network`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            try await host.makeNetwork("back")
            let id = try await host.serve("db", on: ["back"]) { $0.publish("80/tcp", "8080") }
            let address = try await host.settings(id).networks["back"]?.ipAddress ?? ""
            let script = "nslookup db 127.0.0.11; timeout 2 wget -qO- http://\(address)/ || echo no way"
            let output = try await host.output(of: script, on: ["front"])
            #expect(output.contains("NXDOMAIN") && output.contains("no way"))
            // But as everybody else does, by the address of the host.
            let page = "wget -qO- http://\(TestHost.address):8080/"
            #expect(try await host.output(of: page, on: ["front"]) == "db\n")
            // One that is in both networks reaches both.
            _ = try await host.serve("web", on: ["front", "back"])
            #expect(try await host.output(of: "wget -qO- http://web/", on: ["front"]) == "web\n")
            #expect(
                try await host.output(of: "wget -qO- http://web/; wget -qO- http://db/", on: ["back", "front"])
                    == "web\ndb\n"
            )
            // Nobody of the world comes in but by published ports.
            _ = try machine.world.output(of: "ip", ["route", "add", "172.16.0.0/12", "via", TestHost.address])
            await #expect(throws: SystemFailure.self) { try await machine.world.page(address, within: 5) }
            #expect(try await machine.world.page("\(TestHost.address):8080") == "db\n")
        }
    }

    @Test(arguments: EngineKind.allCases) func `of an internal network have no way out`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("open")
            try await host.makeNetwork("closed") { $0.isInternal = true }
            let server = try TestServer.mirror(in: machine.world)
            let world = "timeout 10 wget -qO- http://\(TestHost.worldAddress):8000/ || echo no way"
            #expect(try await host.output(of: world, on: ["open"]) == "the world sees \(TestHost.address)\n")
            #expect(try await host.output(of: world, on: ["closed"]).contains("no way"))
            #expect(try await host.output(of: world, on: ["closed", "open"]).hasPrefix("the world"))
            // Names do not get out either (CVE-2024-29018).
            let lookup = try await host.output(of: "nslookup www.example.test 127.0.0.11", on: ["closed"])
            #expect(lookup.contains("NXDOMAIN"))
            _ = try await host.serve("db", on: ["closed"])
            #expect(try await host.output(of: "wget -qO- http://db/", on: ["closed"]) == "db\n")
            withExtendedLifetime(server) {}
        }
    }

    @Test(arguments: EngineKind.allCases) func `speak IPv6`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("six") { $0.enablesIPv6 = true }
            let id = try await host.serve("web", on: ["six"]) { $0.publish("80/tcp", "8080") }
            let endpoint = try await host.settings(id).networks["six"]
            #expect(endpoint?.globalIPv6Address.hasPrefix("fd") == true)
            let both = "nslookup -type=aaaa web 127.0.0.11; wget -qO- http://[\(endpoint?.globalIPv6Address ?? "")]/"
            #expect(try await host.output(of: both, on: ["six"]).hasSuffix("web\n"))
            #expect(try await machine.network.page("[\(TestHost.address6)]:8080") == "web\n")
            #expect(try await machine.world.page("[\(TestHost.address6)]:8080") == "web\n")
            // Whoever says that it is a router is none (CVE-2020-13401).
            let victim = try await host.serve("victim", on: ["six"])
            let routers = try await host.routers(of: victim)
            #expect(routers.count == 1)
            try await host.advertiseRouter(from: id)
            // What is asked for after it is answered after it.
            let address = try await host.settings(victim).networks["six"]?.globalIPv6Address ?? ""
            #expect(try await host.output(of: "wget -qO- http://[\(address)]/", on: ["six"]) == "victim\n")
            #expect(try await host.routers(of: victim) == routers)
        }
    }

    @Test(arguments: EngineKind.allCases) func `serve names themselves, and ask for them`(kind: EngineKind) async throws
    {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            let id = try await host.serve("resolver", on: ["front"]) { $0.publish("53/udp", "5353") }
            // At all of its addresses, also that where it is answered itself.
            let own = try await TestServer.echo(inNetworkOf: host.state(id).pid, port: 53)
            #expect(try await machine.network.echo("hello", "127.0.0.1", 5353) == "hello\n")
            _ = try await host.serve("web", on: ["front"])
            let output = try await host.output(of: "nslookup web 127.0.0.11; wget -qO- http://web/", on: []) {
                $0.hostConfig.networkMode = "container:\(id)"
            }
            #expect(output.hasSuffix("web\n"), "\(output)")
            withExtendedLifetime(own) {}
        }
    }

    @Test(arguments: EngineKind.allCases) func `do not speak IPv6 without being asked`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, _ in
            try await host.makeNetwork("four")
            // Not even on the link (CVE-2024-32473).
            let names = "eth0/disable_ipv6 default/disable_ipv6"
            let script = "ip -6 -o addr show eth0; cd /proc/sys/net/ipv6/conf; cat \(names)"
            // What the container makes itself is its own business.
            #expect(try await host.output(of: script, on: ["four"]) == "1\n0\n")
        }
    }

    @Test(arguments: EngineKind.allCases) func `have what was asked for`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front") { request in
                var range = NetworkInspection.Range()
                (range.subnet, range.gateway, range.range) = ("10.99.0.0/24", "10.99.0.254", "10.99.0.128/25")
                request.ipam = NetworkInspection.IPAM()
                request.ipam?.config = [range]
                request.options = ["com.docker.network.driver.mtu": "1300"]
            }
            // As large as what goes out to the world may be.
            _ = try await machine.run("ip link set uplink mtu 1400")
            try await host.makeNetwork("back")
            let id = try await host.serve("web", on: ["front", "back"]) { request in
                request.endpoint("front") { endpoint in
                    endpoint.ipamConfig = NetworkEndpoint.IPAMConfig()
                    endpoint.ipamConfig?.ipv4Address = "10.99.0.7"
                    endpoint.ipamConfig?.linkLocalIPs = ["169.254.7.7"]
                    endpoint.macAddress = "02:00:00:00:00:07"
                    endpoint.driverOpts = ["com.docker.network.endpoint.ifname": "wan0"]
                    endpoint.gatewayPriority = 1
                }
            }
            let execution = try await host.output(
                of:
                    "ip -o link; ip -o -4 addr; ip route; cat /etc/hosts; nslookup host.docker.internal 127.0.0.11",
                on: []
            ) { $0.hostConfig.networkMode = "container:\(id)" }
            for text in [
                "mtu 1300", "mtu 1400", "02:00:00:00:00:07", "10.99.0.7/24", "169.254.7.7/16",
                "default via 10.99.0.254 dev wan0",
                "10.99.0.7\t\(id.prefix(12))", "eth0", "Address: 10.99.0.254",
            ] {
                #expect(execution.contains(text), "\(text) in \(execution)")
            }
            // The next one gets one of the range; one that is taken is nobody else's.
            let other = try await host.serve("other", on: ["front"])
            #expect(try await host.settings(other).networks["front"]?.ipAddress == "10.99.0.128")
            let error = await #expect(throws: EngineError.self) {
                try await host.start(["true"]) { request in
                    request.use(["front"])
                    request.endpoint("front") { endpoint in
                        endpoint.ipamConfig = NetworkEndpoint.IPAMConfig()
                        endpoint.ipamConfig?.ipv4Address = "10.99.0.7"
                    }
                }
            }
            #expect(error?.message.hasPrefix("Address already in use") == true)
        }
    }

    @Test(arguments: EngineKind.allCases) func `do not start on a port that is taken`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            _ = try await host.serve("web", on: ["front"]) { $0.publish("80/tcp", "8080") }
            let error = await #expect(throws: EngineError.self) {
                try await host.serve("late", on: ["front"]) { $0.publish("80/tcp", "8080") }
            }
            #expect(
                error?.message
                    == "cannot publish port 80/tcp of the container late: Bind for 0.0.0.0:8080 failed: port is "
                    + "already allocated: the container web has it; port 8081 is free"
            )
            // Of a range the next one that is free is taken, and any where none is asked for.
            let range = try await host.serve("range", on: ["front"]) { $0.publish("80/tcp", "8080-8082") }
            #expect(try await host.settings(range).ports["80/tcp"]??.first?.hostPort == "8081")
            let any = try await host.serve("any", on: ["front"]) { $0.publish("80/tcp", "") }
            let port = try #require(try await host.settings(any).ports["80/tcp"]??.first?.hostPort)
            #expect(try await machine.network.page("127.0.0.1:\(port)") == "any\n")
        }
    }

    @Test func `have the address again that they had, while nobody else has it`() async throws {
        try await TestedEngine.networked(.embedded) { host, _ in
            try await host.makeNetwork("net") { request in
                request.enablesIPv6 = true
                var range = NetworkInspection.Range()
                range.subnet = "10.99.0.0/24"
                request.ipam = NetworkInspection.IPAM()
                request.ipam?.config = [range]
            }
            let id = try await host.serve("web", on: ["net"])
            func addresses() async throws -> [String] {
                let endpoint = try #require(try await host.settings(id).networks["net"])
                return [endpoint.ipAddress, endpoint.globalIPv6Address]
            }
            let before = try await addresses()
            #expect(before.allSatisfy { !$0.isEmpty })
            try await host.engine.stopContainer(id, timeout: 0, signal: nil)
            _ = try await host.serve("other", on: ["net"])
            try await host.engine.startContainer(id)
            #expect(try await addresses() == before)
            // Now somebody else asks for it.
            try await host.engine.stopContainer(id, timeout: 0, signal: nil)
            _ = try await host.serve("thief", on: ["net"]) { request in
                request.endpoint("net") { endpoint in
                    endpoint.ipamConfig = NetworkEndpoint.IPAMConfig()
                    endpoint.ipamConfig?.ipv4Address = before[0]
                }
            }
            try await host.engine.startContainer(id)
            let after = try await addresses()
            #expect(after[0] != before[0] && after[1] == before[1])
        }
    }

    @Test func `keep their names from one run to the next`() async throws {
        try await TestedEngine.networked(.embedded) { host, _ in
            try await host.makeNetwork("net")
            let id = try await host.serve("web", on: ["net"]) { request in
                request.config.hostname = "shown"
                request.endpoint("net") { $0.aliases = ["www"] }
            }
            func names() async throws -> [String]? { try await host.settings(id).networks["net"]?.dnsNames }
            let all = ["web", "www", String(id.prefix(12)), "shown"]
            #expect(try await names() == all)
            try await host.engine.stopContainer(id, timeout: 0, signal: nil)
            #expect(try await names() == all)
        }
    }

    @Test(arguments: EngineKind.allCases) func `come and go while they run`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            try await host.makeNetwork("back")
            let id = try await host.serve("web", on: ["front"]) { $0.publish("80/tcp", "8080") }
            var request = NetworkConnectRequest()
            request.container = "web"
            request.endpoint = NetworkEndpoint()
            request.endpoint?.aliases = ["store"]
            try await host.engine.connectNetwork("back", request)
            #expect(try await host.output(of: "wget -qO- http://store/", on: ["back"]) == "web\n")
            await #expect(throws: EngineError.self) { try await host.engine.connectNetwork("back", request) }
            var leaving = NetworkDisconnectRequest()
            leaving.container = "web"
            try await host.engine.disconnectNetwork("front", leaving)
            #expect(try await host.settings(id).networks.keys.sorted() == ["back"])
            // What is published goes the other way now.
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            #expect(try await host.output(of: "nslookup web 127.0.0.11", on: ["front"]).contains("NXDOMAIN"))
            try await host.engine.connectNetwork("front", request)
            try await host.engine.disconnectNetwork("back", leaving)
            #expect(try await host.output(of: "wget -qO- http://store/", on: ["front"]) == "web\n")
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            // Out of the last one and in again, with its ports and its names.
            try await host.engine.disconnectNetwork("front", leaving)
            await #expect(throws: SystemFailure.self) { try await machine.network.page("127.0.0.1:8080", within: 5) }
            try await host.engine.connectNetwork("front", request)
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            #expect(try await host.output(of: "wget -qO- http://store/", on: ["front"]) == "web\n")
            // A start after that has the same networks.
            try await host.engine.stopContainer(id, timeout: 0, signal: nil)
            try await host.engine.startContainer(id)
            #expect(try await host.settings(id).networks.keys.sorted() == ["front"])
            let events = try await host.engine.events(
                since: Timestamp(seconds: 1),
                until: .now,
                Filters(["type": ["network"]])
            )
            var actions: [String] = []
            for try await event in events where event.actor.attributes["container"] == id {
                actions.append("\(event.action) \(event.actor.attributes["name"] ?? "")")
            }
            #expect(
                actions == [
                    "connect front", "connect back", "disconnect front", "connect front", "disconnect back",
                    "disconnect front", "connect front", "disconnect front", "connect front",
                ]
            )
        }
    }

    @Test func `are taken over by the next engine`() async throws {
        let machine = try TestHost()
        try await TestedEngine.succession(
            .kept,
            in: machine.network,
            [
                { host in
                    try await host.makeNetwork("front")
                    _ = try await host.serve("web", on: ["front"]) { $0.publish("80/tcp", "8080") }
                    _ = try await host.serve("plain", on: ["bridge"])
                },
                { host in
                    #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
                    #expect(try await host.output(of: "wget -qO- http://web/", on: ["front"]) == "web\n")
                    // Those that run are answered again, and nobody gets their addresses.
                    let lookup = try await host.output(of: "nslookup web 127.0.0.11; ip -o -4 addr", on: []) {
                        $0.hostConfig.networkMode = "container:plain"
                    }
                    #expect(lookup.contains("NXDOMAIN"))
                    let error = await #expect(throws: EngineError.self) {
                        try await host.serve("late", on: ["front"]) { $0.publish("80/tcp", "8080") }
                    }
                    #expect(error?.message.contains("the container web has it") == true, "\(String(describing: error))")
                    // What somebody has destroyed meanwhile is made good.
                    let bridge = try #require(try host.engine.networks.find("front").definition.interface as String?)
                    _ = try machine.network.output(of: "ip", ["link", "del", bridge])
                },
                { host in
                    #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
                    #expect(try await host.output(of: "wget -qO- http://web/", on: ["front"]) == "web\n")
                    try await host.removeNetworks()
                },
            ]
        )
        #expect(try machine.leftovers() == [])
    }
}
