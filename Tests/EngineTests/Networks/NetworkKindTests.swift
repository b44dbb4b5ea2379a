// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import NetlinkSupport
import TestSupport
import Testing

@testable import Engine

/// The option of Docker for settings of the kernel.
private let settingsOption = "com.docker.network.endpoint.sysctls"

@Suite struct `Interfaces of containers` {
    @Test(arguments: EngineKind.allCases) func `have the settings of the kernel that are asked for`(
        kind: EngineKind
    ) async throws {
        try await TestedEngine.networked(kind) { host, _ in
            try await host.makeNetwork("front")
            try await host.makeNetwork("back")
            let values = "cd /proc/sys/net/ipv4/conf; cat eth0/log_martians eth0/rp_filter"
            let output = try await host.output(of: values, on: ["front"]) { request in
                request.endpoint("front") {
                    $0.driverOpts = [
                        settingsOption: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.ifname.rp_filter=2"
                    ]
                }
            }
            #expect(output == "1\n2\n")
            // One that comes into a network while it runs has them as well.
            let id = try await host.serve("web", on: ["front"])
            var request = NetworkConnectRequest()
            request.container = "web"
            request.endpoint = NetworkEndpoint()
            request.endpoint?.driverOpts = [settingsOption: "net.ipv4.conf.IFNAME.log_martians=1"]
            try await host.engine.connectNetwork("back", request)
            let both = try await host.output(
                of: "cd /proc/sys/net/ipv4/conf; cat eth0/log_martians eth1/log_martians",
                on: []
            ) { $0.hostConfig.networkMode = "container:\(id)" }
            #expect(both == "0\n1\n")
            // What the kernel does not have keeps it out of the network, which has nothing of it then.
            var leaving = NetworkDisconnectRequest()
            leaving.container = "web"
            try await host.engine.disconnectNetwork("back", leaving)
            request.endpoint?.driverOpts = [settingsOption: "net.ipv4.conf.IFNAME.no_such_thing=1"]
            let wanted = request
            let error = await #expect(throws: EngineError.self) {
                try await host.engine.connectNetwork("back", wanted)
            }
            #expect(error?.message.contains("net.ipv4.conf.eth1.no_such_thing to 1") == true, "\(error?.message ?? "")")
            #expect(try await host.settings(id).networks.keys.sorted() == ["front"])
            let links = try await host.output(of: "ls /sys/class/net", on: []) {
                $0.hostConfig.networkMode = "container:\(id)"
            }
            #expect(links.split(separator: "\n") == ["eth0", "lo"])
        }
    }

    @Test(arguments: [
        "net.ipv4.conf.eth0.log_martians=1", "net.ipv4.ip_forward=1", "net.ipv4.conf.IFNAME.log_martians", "",
        "kernel.core_pattern=|/bin/sh", "net.ipv4.conf.IFNAME.log_martians=1,",
    ])
    func `are refused settings that are not theirs`(text: String) throws {
        var wish = NetworkEndpoint()
        wish.driverOpts = [settingsOption: text]
        // No settings are none that are wrong.
        if text.isEmpty { return try RequestChecker.check(wish, "front") }
        let wanted = wish
        let error = #expect(throws: EngineError.self) { try RequestChecker.check(wanted, "front") }
        #expect(error?.code == .badParameter)
        #expect(
            error?.message.contains(
                "unrecognised network interface sysctl '\(text.hasSuffix(",") ? "" : text)'; represent 'net.X.Y.ethN.Z=V' as"
            ) == true,
            "\(error?.message ?? "")"
        )
    }
}

@Suite struct `A configuration for networks` {
    private static func configuration(_ request: inout NetworkCreateRequest) {
        request.isConfigOnly = true
        var range = NetworkInspection.Range()
        (range.subnet, range.range) = ("10.99.0.0/24", "10.99.0.128/25")
        request.ipam = NetworkInspection.IPAM()
        request.ipam?.config = [range]
        request.options = ["com.docker.network.driver.mtu": "1300"]
        request.labels = ["tier": "front"]
    }

    private static func use(_ name: String, _ request: inout NetworkCreateRequest) {
        request.configFrom = NetworkInspection.ConfigReference()
        request.configFrom?.network = name
    }

    @Test func `is what networks are made of, and none itself`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("plan", Self.configuration)
            #expect(try machine.leftovers() == [])
            let plan = try await host.engine.inspectNetwork("plan")
            #expect(plan.isConfigOnly && plan.driver == "null" && plan.ipam.config?.first?.gateway == "")
            try await host.makeNetwork("front") { Self.use("plan", &$0) }
            let front = try await host.engine.inspectNetwork("front")
            #expect(front.configFrom.network == "plan" && !front.isConfigOnly && front.driver == "bridge")
            #expect(front.labels == ["tier": "front"] && front.options.values.sorted() == ["1300"])
            let output = try await host.output(of: "ip -o addr show eth0; ip -o link show eth0", on: ["front"])
            #expect(output.contains("10.99.0.128/24") && output.contains("mtu 1300"))
            // Nobody is in a configuration, and it stays while networks are of it.
            let refusals: [(String, () async throws -> Void)] = [
                ("is a configuration for networks", { _ = try await host.output(of: "true", on: ["plan"]) }),
                ("is in use by front", { try await host.engine.removeNetwork("plan") }),
                ("is not a configuration network", { try await host.makeNetwork("x") { Self.use("front", &$0) } }),
                ("network missing not found", { try await host.makeNetwork("x") { Self.use("missing", &$0) } }),
                (
                    "user specified configurations are not supported",
                    {
                        try await host.makeNetwork("x") {
                            Self.use("plan", &$0)
                            $0.labels = ["a": "b"]
                        }
                    }
                ),
                (
                    "network driver options are not supported",
                    {
                        try await host.makeNetwork("x") {
                            Self.use("plan", &$0)
                            $0.options = ["a": "b"]
                        }
                    }
                ),
                (
                    "cannot depend on another configuration network",
                    {
                        try await host.makeNetwork("x") {
                            Self.use("plan", &$0)
                            $0.isConfigOnly = true
                        }
                    }
                ),
                (
                    "can only contain network specific fields",
                    { try await host.makeNetwork("x") { ($0.isConfigOnly, $0.isInternal) = (true, true) } }
                ),
                ("Pool overlaps", { try await host.makeNetwork("x") { Self.use("plan", &$0) } }),
            ]
            for (text, attempt) in refusals {
                let error = await #expect(throws: EngineError.self, "\(text)") { try await attempt() }
                #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
            }
            _ = try await host.engine.pruneNetworks(Filters())
            #expect(try await host.engine.listNetworks(Filters()).contains { $0.name == "plan" })
            try await host.engine.removeNetwork("plan")
        }
    }

    @Test func `is there for the next engine`() async throws {
        let machine = try TestHost()
        try await TestedEngine.succession(
            .embedded,
            in: machine.network,
            [
                { host in try await host.makeNetwork("plan", Self.configuration) },
                { host in
                    try await host.makeNetwork("front") { Self.use("plan", &$0) }
                    let output = try await host.output(of: "ip -o addr show eth0", on: ["front"])
                    #expect(output.contains("10.99.0.128/24"))
                    try await host.removeNetworks()
                    try await host.engine.removeNetwork("plan")
                },
            ]
        )
        #expect(try machine.leftovers() == [])
    }
}

@Suite struct `A network of the driver macvlan without an interface of the host` {
    @Test func `has one that leads nowhere`() async throws {
        try await TestedEngine.networked(.embedded) { host, machine in
            try await host.makeNetwork("lan") { $0.driver = "macvlan" }
            let lan = try await host.engine.inspectNetwork("lan")
            #expect(lan.isInternal && lan.driver == "macvlan")
            #expect(try machine.leftovers().contains("dm-\(lan.id.prefix(12))"))
            _ = try await host.serve("web", on: ["lan"])
            let output = try await host.output(of: "wget -qO- http://web/; ip route", on: ["lan"])
            #expect(output.hasPrefix("web\n") && !output.contains("default"))
            // Nothing of the world, and no names of it either.
            let lookup = try await host.output(of: "nslookup www.example.test 127.0.0.11", on: ["lan"])
            #expect(lookup.contains("NXDOMAIN"))
        }
    }
}
