// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf network create`: makes a network.
final class NetworkCreateCommand {
    private let global: GlobalOptions
    private var request = NetworkCreateRequest()
    private var ranges = NetworkRanges()

    private init(_ global: GlobalOptions) {
        self.global = global
        request.driver = "bridge"
        (request.options, request.labels) = ([:], [:])
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("create", summary: "Make a network.") { NetworkCreateCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf network create back
                wharf network create --internal back       without a way out
                wharf network create --subnet 10.1.0.0/16 --gateway 10.1.0.1 back
                wharf network create --ipv6 --subnet fd12:3456::/64 back
                """,
            options: driverOptions() + addressOptions() + kindOptions(),
            positionals: [.one("NETWORK", help: "Its name.") { self.request.name = $0 }],
            run: run
        )
    }

    private func driverOptions() -> [Option] {
        [
            .value("driver", short: "d", "driver", help: "The driver.", default: "bridge") {
                self.request.driver = $0
            },
            .pairs("opt", short: "o", help: "An option of the driver.") { self.request.options?[$0] = $1 },
            .pairs("label", "name[=value]", help: "A label.") { self.request.labels?[$0] = $1 },
            .flag("internal", help: "Give its containers no way out of it.") { self.request.isInternal = $0 },
            .flag("attachable", help: "Let containers join by hand, as all networks here do.") {
                self.request.isAttachable = $0
            },
        ]
    }

    private func addressOptions() -> [Option] {
        [
            .flag("ipv4", help: "Give its containers IPv4 addresses. (default: true)") {
                self.request.enablesIPv4 = $0
            },
            .flag("ipv6", help: "Give its containers IPv6 addresses.") { self.request.enablesIPv6 = $0 },
            .list("subnet", "subnet", help: "A subnet, such as 10.1.0.0/16; one that is free unless given.") {
                self.ranges.subnets.append($0)
            },
            .list("ip-range", "subnet", help: "The part of a subnet that containers get addresses of.") {
                self.ranges.parts.append($0)
            },
            .list("gateway", "address", help: "The address of this machine in a subnet.") {
                self.ranges.gateways.append($0)
            },
            .pairs("aux-address", "name=address", help: "An address that no container gets.") {
                self.ranges.auxiliaryAddresses[$0] = $1
            },
            .value("ipam-driver", "driver", help: "Where addresses come from.", default: "default") {
                self.ranges.driver = $0
            },
            .pairs("ipam-opt", help: "An option for where addresses come from.") { self.ranges.options[$0] = $1 },
        ]
    }

    /// What other engines make of a network.
    private func kindOptions() -> [Option] {
        [
            .value("scope", "scope", help: "How far it reaches: local.") { self.request.scope = $0 },
            .flag("config-only", help: "Make a configuration for other networks.") {
                self.request.isConfigOnly = $0
            },
            .value("config-from", "network", help: "The network with the configuration.") {
                var reference = NetworkInspection.ConfigReference()
                reference.network = $0
                self.request.configFrom = $0.isEmpty ? nil : reference
            },
            .flag("ingress", help: "Make the network of a cluster's published ports.") {
                self.request.isIngress = $0
            },
        ]
    }

    private func run() throws {
        request.ipam = try ranges.ipam()
        let created = try global.client().createNetwork(request)
        if !created.warning.isEmpty { OutputStream.error.write("WARNING: \(created.warning)\n") }
        OutputStream.standard.write(created.id + "\n")
    }
}

/// What a command line says about the addresses of a network.
struct NetworkRanges {
    var subnets: [String] = []
    /// Parts of the subnets for containers.
    var parts: [String] = []
    var gateways: [String] = []
    /// By names for them.
    var auxiliaryAddresses: [String: String] = [:]
    var driver = "default"
    var options: [String: String] = [:]

    /// The same for the engine: each part, gateway and address with its subnet.
    ///
    /// - Returns: The ranges, in the order of the subnets.
    /// - Throws: ``CommandFailure`` where something is in no subnet, or two of a kind are in one.
    func ipam() throws(CommandFailure) -> NetworkInspection.IPAM {
        if parts.count > subnets.count || gateways.count > subnets.count {
            throw CommandFailure(message: "every ip-range or gateway must have a corresponding subnet")
        }
        // The engine says what is wrong with a subnet by itself.
        let isAlone = subnets.count == 1 && parts.isEmpty && gateways.isEmpty && auxiliaryAddresses.isEmpty
        let known = isAlone ? [] : try readSubnets()
        var ranges = subnets.map { text in
            var range = NetworkInspection.Range()
            range.subnet = text
            return range
        }
        for part in parts {
            let index = try Self.place(of: part, in: known, "range")
            if !ranges[index].range.isEmpty {
                throw Self.twice("ranges", part, ranges[index].range, "on", subnets[index])
            }
            ranges[index].range = part
        }
        for gateway in gateways {
            let index = try Self.place(of: gateway, in: known, "gateway")
            if !ranges[index].gateway.isEmpty {
                throw Self.twice("gateways", gateway, ranges[index].gateway, "for", subnets[index])
            }
            ranges[index].gateway = gateway
        }
        for (name, address) in auxiliaryAddresses.sorted(by: { $0.key < $1.key }) {
            let index = try Self.place(of: address, in: known, "aux-address")
            ranges[index].auxiliaryAddresses = (ranges[index].auxiliaryAddresses ?? [:]).merging([name: address]) { $1 }
        }
        var ipam = NetworkInspection.IPAM()
        (ipam.driver, ipam.options, ipam.config) = (driver, options, ranges)
        return ipam
    }

    /// The subnets, which must not overlap.
    private func readSubnets() throws(CommandFailure) -> [SubnetText] {
        var known: [SubnetText] = []
        for (index, text) in subnets.enumerated() {
            guard let subnet = SubnetText(text) else {
                throw CommandFailure(message: "invalid subnet: `\(text)` is none; write it as 10.1.0.0/16 or fd00::/64")
            }
            let overlaps = zip(known, subnets[..<index]).contains { $0.contains(text) || subnet.contains($1) }
            if overlaps {
                throw CommandFailure(message: "multiple overlapping subnet configuration is not supported")
            }
            known.append(subnet)
        }
        return known
    }

    private static func place(
        of address: String,
        in subnets: [SubnetText],
        _ what: String
    ) throws(CommandFailure) -> Int {
        guard let index = subnets.firstIndex(where: { $0.contains(address) }) else {
            throw CommandFailure(message: "no matching subnet for \(what) \(address)")
        }
        return index
    }

    private static func twice(
        _ what: String,
        _ second: String,
        _ first: String,
        _ word: String,
        _ subnet: String
    ) -> CommandFailure {
        CommandFailure(
            message: "cannot configure multiple \(what) (\(second), \(first)) \(word) the same subnet (\(subnet))"
        )
    }
}
