// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import NetlinkSupport
import TestSupport
import Testing

@testable import Engine

extension TestHost {
    /// What `ip` and others answer in the network of the host.
    func run(_ script: String) async throws -> String {
        try await BlockingCall.run { [network] in try network.output(of: "sh", ["-ec", script]) }
    }

    /// Whether the host passes packets on.
    func forwards() async throws -> Bool { try await run("cat /proc/sys/net/ipv4/ip_forward") == "1\n" }
}

@Suite struct `The host of networks` {
    @Test func `passes nothing on that it did not pass on before`() async throws {
        let machine = try TestHost()
        let other = try TestNetwork()
        // A second neighbour, whom the first one reaches only if the host forwards.
        _ = try await machine.run(
            """
            echo 0 > /proc/sys/net/ipv4/ip_forward
            ip link add second type veth peer name eth0 netns /proc/\(getpid())/fd/\(other.number)
            ip link set second up; ip addr add 198.51.100.1/24 dev second
            nsenter --net=/proc/\(getpid())/fd/\(other.number) sh -ec \
            'ip link set eth0 up; ip addr add 198.51.100.2/24 dev eth0; ip route add default via 198.51.100.1'
            """
        )
        _ = try machine.world.output(of: "ip", ["route", "add", "198.51.100.0/24", "via", TestHost.address])
        let mirror = try TestServer.mirror(in: machine.world)
        @Sendable func isReached() async throws -> Bool {
            let page = ["3", "busybox", "wget", "-qO-", "http://\(TestHost.worldAddress):8000/"]
            return (try? await BlockingCall.run { try other.output(of: "timeout", page) }) != nil
        }
        try await TestedEngine.with(.embedded, in: machine.network) { host in
            #expect(try await !machine.forwards())
            try await host.makeNetwork("front")
            #expect(try await machine.forwards())
            #expect(try await !isReached())
            #expect(
                try await host.output(of: "wget -qO- http://\(TestHost.worldAddress):8000/", on: ["front"]).hasPrefix(
                    "the world sees \(TestHost.address)"
                )
            )
            try await host.removeNetworks()
            #expect(try await !machine.forwards())
            // What its own settings say it goes on doing.
            _ = try await machine.run("echo 1 > /proc/sys/net/ipv4/ip_forward")
            #expect(try await isReached())
            try await host.makeNetwork("front")
            #expect(try await isReached())
            try await host.removeNetworks()
            #expect(try await machine.forwards())
        }
        withExtendedLifetime(mirror) {}
    }

    @Test func `has a bridge again that somebody has deleted`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("front")
            _ = try await host.serve("web", on: ["front"]) { $0.publish("80/tcp", "8080") }
            let bridge = try host.engine.networks.find("front").definition.interface
            // The kernel tells of the port that is added when the bridge is there again.
            let monitor = try await BlockingCall.run {
                try machine.network.output(
                    of: "bash",
                    [
                        "-c",
                        """
                        coproc monitor { exec stdbuf -oL ip monitor link; }
                        # It listens when it tells of a change.
                        until read -t 0.1 -r line <&${monitor[0]}; do ip link set lo txqueuelen $((++length + 1000)); done
                        ip link del \(bridge)
                        while read -r line; do case $line in *'wv-'*'master \(bridge)'*) break;; esac; done <&${monitor[0]}
                        kill $monitor_PID
                        echo seen
                        """,
                    ]
                )
            }
            #expect(monitor == "seen\n")
            #expect(try await host.output(of: "wget -qO- http://web/", on: ["front"]) == "web\n")
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            // Rules are nobody else's to flush.
            _ = try await machine.run("nft flush ruleset")
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
        }
    }

    @Test func `may have a firewall of Docker's`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            let mirror = try TestServer.mirror(in: machine.world)
            _ = try await machine.run(
                """
                nft -f - <<end
                table ip filter {
                    chain DOCKER-USER { return; }
                    chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }
                }
                end
                """
            )
            try await host.makeNetwork("front")
            let world = "timeout 120 wget -qO- http://\(TestHost.worldAddress):8000/"
            #expect(try await host.output(of: world, on: ["front"]).hasPrefix("the world sees"))
            _ = try await host.serve("web", on: ["front"]) { $0.publish("80/tcp", "8080") }
            #expect(try await machine.world.page("\(TestHost.address):8080") == "web\n")
            try await host.removeNetworks()
            let rest = try await machine.run("nft list chain ip filter DOCKER-USER")
            #expect(!rest.contains("wharf") && !rest.contains("wh-"))
            _ = try await machine.run("nft delete table ip filter")
            withExtendedLifetime(mirror) {}
        }
    }

    @Test func `lends containers an interface`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("lan") { request in
                request.driver = "macvlan"
                request.options = ["parent": "uplink"]
                request.ipam = NetworkInspection.IPAM()
                var range = NetworkInspection.Range()
                (range.subnet, range.range, range.gateway) = (
                    "203.0.113.0/24", "203.0.113.128/25", TestHost.worldAddress
                )
                request.ipam?.config = [range]
            }
            let id = try await host.serve("web", on: ["lan"])
            let address = try await host.settings(id).networks["lan"]?.ipAddress ?? ""
            #expect(address == "203.0.113.128")
            // As a machine of the link, and by name for the others.
            #expect(try await machine.world.page(address) == "web\n")
            #expect(try await host.output(of: "wget -qO- http://web/; ip route", on: ["lan"]).hasPrefix("web\n"))
        }
    }

    @Test func `keeps a bridge that it had before`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            _ = try await machine.run(
                "ip link add br0 type bridge; ip link set br0 up; ip addr add 192.0.2.1/24 dev br0"
            )
            func make(_ name: String) async throws {
                try await host.makeNetwork(name) { request in
                    request.options = ["com.docker.network.bridge.name": "br0"]
                    request.ipam = NetworkInspection.IPAM()
                    var range = NetworkInspection.Range()
                    (range.subnet, range.gateway) = ("192.0.2.0/24", "192.0.2.1")
                    request.ipam?.config = [range]
                }
            }
            try await make("own")
            #expect(try await host.output(of: "ip -o -4 addr show eth0", on: ["own"]).contains("192.0.2.2/24"))
            let error = await #expect(throws: EngineError.self) {
                try await host.makeNetwork("second") { $0.options = ["com.docker.network.bridge.name": "br0"] }
            }
            #expect(error?.message.contains("belongs to the network own already") == true)
            try await host.removeNetworks()
            #expect(try await machine.run("ip -br -4 addr show br0").contains("192.0.2.1/24"))
            _ = try await machine.run("ip link del br0")
        }
    }

    @Test func `gives many networks subnets that nothing else uses`() async throws {
        let machine = try TestHost()
        _ = try await machine.run("ip route add 10.200.0.16/28 dev uplink")
        let scratch = try Scratch()
        let location = EngineLocation(data: scratch.path, runtime: scratch / "run")
        let engine = try await Engine.start(
            at: location,
            keeping: .embedded,
            host: machine.network.shared,
            subnetRanges: "10.200.0.0/24=28"
        )
        var request = NetworkCreateRequest()
        for number in 0..<15 {
            request.name = "n\(number)"
            _ = try await engine.createNetwork(request)
        }
        let subnets = try await engine.listNetworks(Filters()).compactMap { $0.ipam.config?.first?.subnet }
        #expect(Set(subnets).count == 15 && !subnets.contains("10.200.0.16/28"), "\(subnets)")
        request.name = "one-too-many"
        let error = await #expect(throws: EngineError.self) { try await engine.createNetwork(request) }
        #expect(error?.message.contains("all of 10.200.0.0/24 in pieces of /28 is taken") == true)
        _ = try await engine.pruneNetworks(Filters())
        await engine.end()
        #expect(try machine.leftovers() == [])
        await #expect(throws: (any Error).self) {
            try await Engine.start(at: location, keeping: .embedded, subnetRanges: "10.200.0.0/24")
        }
    }
}
