// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import TestSupport
import Testing

@testable import Networks

@Suite struct `The firewall of others` {
    private let host: TestHost
    private let container: TestNetwork
    private let (one, two): (MirrorServer, MirrorServer)
    private let firewall: Firewall
    private let foreign: ForeignFirewall

    init() throws {
        host = try TestHost()
        firewall = try Firewall(named: "wharf-test", [try host.makeBridge(1)], inNetworkOf: host.host.number)
        container = try host.connect(2, to: 1)
        one = try MirrorServer(.tcp, 80, in: host.neighbour)
        two = try MirrorServer(.tcp, 80, in: container)
        try firewall.publish([PublishedPort(.tcp, 8080, to: .v4(0x0a01_0002), 80)])
        foreign = try ForeignFirewall(inNetworkOf: host.host.number, program: "/nonexistent/firewall-cmd")
    }

    /// As Docker makes it.
    private static func docker(_ family: String) -> String {
        """
        table \(family) filter {
            chain DOCKER-USER { counter return; }
            chain FORWARD { type filter hook forward priority 0; policy drop; counter jump DOCKER-USER; }
        }
        """
    }

    private func load(_ rules: String) throws {
        let scratch = try Scratch()
        _ = try host.host.output(of: "nft", ["-f", try scratch.write("rules", rules)])
    }

    private func setBridgedTraffic(_ value: String) throws {
        _ = try host.host.output(of: "sysctl", ["-w", "net.bridge.bridge-nf-call-iptables=\(value)"])
        _ = try host.host.output(of: "sysctl", ["-w", "net.bridge.bridge-nf-call-ip6tables=\(value)"])
    }

    @Test func `is no obstacle where there is none`() throws {
        #expect(try foreign.inspect(["br1"]) == [])
        try load("table ip other { chain forward { type filter hook forward priority 0; policy accept; }; }")
        try load("table ip other { chain input { type filter hook input priority 0; policy drop; }; }")
        #expect(try foreign.inspect([]) == [])
    }

    @Test(arguments: [
        ("ip", "192.0.2.2", "192.0.2.1", "iptables"), ("ip6", "fd00:2::2", "fd00:2::1", "ip6tables"),
    ])
    func `lets containers through by Docker's chain for the rules of others`(
        family: String,
        neighbour: String,
        own: String,
        program: String
    ) throws {
        try setBridgedTraffic("0")
        try load(Self.docker(family))
        let before = try host.host.nft("table", family, "filter").filter { !$0.contains("counter") }
        #expect(try container.ask(neighbour, 80) == nil)
        let obstacle = try #require(try foreign.inspect(["br1"]).first)
        #expect(obstacle.isSolvable)
        #expect(
            obstacle.commands == [
                "\(program) -I DOCKER-USER -i br1 -j ACCEPT", "\(program) -I DOCKER-USER -o br1 -j ACCEPT",
            ]
        )

        try foreign.allow(["br1"])
        try foreign.allow(["br1"])
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try foreign.inspect(["br1", "br2"]).first?.commands.count == 2)
        #expect(try container.ask(neighbour, 80, within: 10_000) == own)
        if family == "ip" {
            #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        }
        // The program of those who administer Docker shows them.
        let shown = try host.host.output(of: "\(program)-nft", ["-S", "DOCKER-USER"]).split(separator: "\n")
        #expect(shown.filter { $0.contains("wharf") }.count == 4)
        // Docker decides about what goes to its own bridges, before everything is let through.
        for bridge in ["docker0", "br-+"] {
            #expect(shown.prefix(3).contains { $0.contains("-i br1 -o \(bridge) ") && $0.hasSuffix("RETURN") })
        }
        #expect(shown.contains { $0.contains("-i br1 ") && $0.contains("\"wharf br1\"") && $0.hasSuffix("ACCEPT") })
        #expect(shown.contains { $0.contains("-o br1 ") && $0.contains("\"wharf br1\"") && $0.hasSuffix("ACCEPT") })

        let half = ["-D", "DOCKER-USER", "-i", "br1", "-m", "comment", "--comment", "wharf br1", "-j", "ACCEPT"]
        _ = try host.host.output(of: "\(program)-nft", half)
        #expect(try foreign.inspect(["br1"]).count == 1)
        try foreign.allow(["br1"])
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try host.host.nft("table", family, "filter").count { $0.contains("wharf br1") } == 4)

        try load("insert rule \(family) filter DOCKER-USER iifname \"br1\" tcp dport 9 accept comment \"somebody's\"")
        try foreign.withdraw(["br2"])
        #expect(try foreign.inspect(["br1"]) == [])
        try foreign.withdraw(["br1"])
        #expect(try foreign.inspect(["br1"]).count == 1)
        #expect(try container.ask(neighbour, 80) == nil)
        let after = try host.host.nft("table", family, "filter").filter { !$0.contains("counter") }
        #expect(after.filter { !$0.contains("somebody's") } == before)
        #expect(after.contains { $0.contains("somebody's") })
    }

    @Test func `may keep containers of one network apart, until it is told`() throws {
        let second = try host.connect(3, to: 1)
        try load(Self.docker("ip"))
        try setBridgedTraffic("1")
        #expect(try second.ask("10.1.0.2", 80) == nil)
        let obstacle = try #require(try foreign.inspect(["br1"]).last)
        #expect(obstacle.kind == .bridgedTraffic)
        #expect(obstacle.commands == ["sysctl -w net.bridge.bridge-nf-call-iptables=0"])
        #expect(obstacle.isSolvable)
        try foreign.allow(["br1"])
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try second.ask("10.1.0.2", 80, within: 10_000) == "10.1.0.3")
        try foreign.withdraw(["br1"])
        try setBridgedTraffic("0")
        #expect(try second.ask("10.1.0.2", 80, within: 10_000) == "10.1.0.3")
    }

    @Test func `of ufw is told with its own commands, and not any more when they were given`() throws {
        try setBridgedTraffic("0")
        try load(
            """
            table ip filter {
                chain ufw-user-forward { }
                chain FORWARD { type filter hook forward priority 0; policy drop; jump ufw-user-forward; }
            }
            """
        )
        let obstacle = try #require(try foreign.inspect(["br1", "br2"]).first)
        #expect(!obstacle.isSolvable)
        #expect(obstacle.reason.hasPrefix("ufw: chain FORWARD of table"))
        #expect(
            obstacle.remedy == "`ufw route allow in on br1`, `ufw route allow out on br1`, "
                + "`ufw route allow in on br2`, `ufw route allow out on br2`"
        )
        let before = try host.host.nft("ruleset")
        try foreign.allow(["br1"])
        #expect(try host.host.nft("ruleset") == before)
        // What these commands have ufw do.
        for words in [["-i", "br+"], ["-o", "br1"]] {
            _ = try host.host.output(of: "iptables-nft", ["-A", "ufw-user-forward"] + words + ["-j", "ACCEPT"])
        }
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try container.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
    }

    @Test func `of somebody's own is told with what makes it accept`() throws {
        try setBridgedTraffic("0")
        try load("table inet mine { chain fence { type filter hook forward priority 10; policy drop; }; }")
        let obstacle = try #require(try foreign.inspect(["br1"]).first)
        #expect(obstacle.name == "forward-inet-mine-fence")
        #expect(
            obstacle.commands == [
                "nft insert rule inet mine fence iifname br1 accept",
                "nft insert rule inet mine fence oifname br1 accept",
            ]
        )
        for command in obstacle.commands {
            let words = command.split(separator: " ").map(String.init)
            _ = try host.host.output(of: words[0], Array(words.dropFirst()))
        }
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try container.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
    }

    @Test func `from before nftables is seen, too`() throws {
        try setBridgedTraffic("0")
        _ = try host.host.output(of: "iptables-legacy", ["-P", "FORWARD", "DROP"])
        _ = try host.host.output(of: "iptables-legacy", ["-N", "DOCKER-USER"])
        _ = try host.host.output(of: "iptables-legacy", ["-I", "FORWARD", "-j", "DOCKER-USER"])
        #expect(try container.ask("192.0.2.2", 80) == nil)
        let obstacle = try #require(try foreign.inspect(["br1"]).first)
        #expect(obstacle.kind == .legacy)
        for command in obstacle.commands {
            let words = command.split(separator: " ").map(String.init)
            _ = try host.host.output(of: words[0], Array(words.dropFirst()))
        }
        #expect(try foreign.inspect(["br1"]) == [])
        #expect(try container.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
    }

    @Test func `firewalld gets the bridges into its zone of those that are trusted`() throws {
        let scratch = try Scratch()
        let program = try scratch.write(
            "firewall-cmd",
            """
            #!/bin/sh
            # Keeps a file for each interface of the zone trusted.
            cd \(scratch / ".") || exit 9
            case "$*" in
            --state) test -e running ;;
            "--zone=trusted --query-interface="*) test -e "if.${2#*=}" ;;
            "--zone=trusted --add-interface=bad") echo "Error: INVALID_INTERFACE"; exit 1 ;;
            "--zone=trusted --add-interface="*) touch "if.${2#*=}" ;;
            "--zone=trusted --remove-interface="*) rm "if.${2#*=}" ;;
            *) exit 2 ;;
            esac
            """
        )
        _ = try Command("/bin/chmod", ["755", program]).run()
        let foreign = try ForeignFirewall(inNetworkOf: host.host.number, program: program)
        #expect(try foreign.inspect(["br1"]) == [])
        try scratch.write("running", "")
        let obstacle = try #require(try foreign.inspect(["br1"]).first)
        #expect(obstacle.kind == .firewalld)
        #expect(obstacle.isSolvable)
        #expect(obstacle.commands == ["firewall-cmd --zone=trusted --add-interface=br1"])
        try foreign.allow(["br1"])
        #expect(names(in: scratch / ".").contains("if.br1"))
        #expect(try foreign.inspect(["br1"]) == [])
        try foreign.withdraw(["br1", "br2"])
        #expect(!names(in: scratch / ".").contains("if.br1"))
        let error = #expect(throws: ForeignFirewallError.self) { try foreign.allow(["bad"]) }
        #expect(
            error?.description.hasPrefix("cannot add bad to firewalld's zone trusted: Error: INVALID_INTERFACE; try")
                == true
        )
    }
}
