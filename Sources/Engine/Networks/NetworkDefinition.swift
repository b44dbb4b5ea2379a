// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks

/// What a network is: fixed at its creation.
struct NetworkDefinition: Codable, Equatable, Sendable {
    /// Which kind of network it is.
    enum Driver: String, Codable, Sendable {
        case bridge
        case macvlan
        case ipvlan
    }

    /// A subnet with its addresses, each in the usual text form.
    struct Subnet: Codable, Equatable, Sendable {
        var prefix: String
        var range: String?
        var gateway: String
        var auxiliary: [String: String]?
        /// Whether the engine has chosen it.
        var isChosen: Bool
    }

    var driver = Driver.bridge
    var isInternal = false
    var isAttachable = false
    var hasIPv4 = true
    var hasIPv6 = false
    /// At most one of each family.
    var subnets: [Subnet] = []
    /// The driver of addresses as the request named it, and its options.
    var addressDriver = "default"
    var addressOptions: [String: String]?
    var options: [String: String] = [:]
    var labels: [String: String] = [:]
    /// The interface of the host that it is: a bridge, or the parent of its containers' interfaces.
    var interface = ""
    /// Whether the interface was not there before, and so goes with the network; nil for a bridge of the engine's own name.
    var makesInterface: Bool?
    /// Whether it is no network, but what others can be made of; nil is no.
    var isConfiguration: Bool?
    /// The name of the configuration that it was made of.
    var configuration: String?

    /// The options of Docker's drivers that mean something here.
    enum Option {
        static let bridgeName = "com.docker.network.bridge.name"
        static let reachesEachOther = "com.docker.network.bridge.enable_icc"
        static let masquerades = "com.docker.network.bridge.enable_ip_masquerade"
        static let hostAddress = "com.docker.network.bridge.host_binding_ipv4"
        static let mtu = "com.docker.network.driver.mtu"
        static let interfacePrefix = "com.docker.network.container_iface_prefix"
        static let interfaceName = "com.docker.network.endpoint.ifname"
        /// Settings of the kernel for the interface, with commas between them.
        static let interfaceSettings = "com.docker.network.endpoint.sysctls"
        static let parent = "parent"
        static let macvlanMode = "macvlan_mode"
        static let ipvlanMode = "ipvlan_mode"
        static let ipvlanFlag = "ipvlan_flag"
    }

    /// The truth of an option; nil where it is not given or is none.
    private func isTrue(_ option: String) -> Bool? {
        switch options[option]?.lowercased() {
        case "true", "1", "t": true
        case "false", "0", "f": false
        default: nil
        }
    }

    /// What of it is on the host; nothing of a configuration.
    var presence: Presence {
        if isConfiguration == true { return .nothing }
        return driver == .bridge ? .bridge : .parent
    }

    enum Presence: Sendable {
        case nothing
        /// A bridge with rules.
        case bridge
        /// An interface that containers stand on.
        case parent
    }

    /// What it is called to be of: that of configurations is Docker's.
    var driverName: String { isConfiguration == true ? "null" : driver.rawValue }

    /// Whether its containers stand on an interface that leads nowhere, made for the network.
    var standsAlone: Bool { driver != .bridge && (options[Option.parent] ?? "").isEmpty }

    var isolatesContainers: Bool { isTrue(Option.reachesEachOther) == false }

    var masquerades: Bool { isTrue(Option.masquerades) ?? true }

    /// In bytes; nil for that of the way to the world.
    var mtu: UInt32? { options[Option.mtu].flatMap { UInt32($0) } }

    /// What the names of interfaces in containers begin with.
    var interfacePrefix: String {
        options[Option.interfacePrefix].flatMap { $0.isEmpty ? nil : $0 } ?? "eth"
    }

    /// Where ports are published that name no address of the host; nil for everywhere.
    var hostAddress: IPAddress? {
        guard let address = options[Option.hostAddress].flatMap({ IPAddress($0) }), address.number != 0 else {
            return nil
        }
        return address
    }

    var prefixes: [IPPrefix] { subnets.compactMap { IPPrefix($0.prefix) } }

    /// The addresses of the host in the network.
    var gateways: [IPPrefix] {
        subnets.compactMap { subnet in
            guard let prefix = IPPrefix(subnet.prefix), let gateway = IPAddress(subnet.gateway) else { return nil }
            return IPPrefix(gateway, length: prefix.length)
        }
    }

    /// How its containers share the parent; nil for a bridge, and for modes that do not exist.
    var sharing: ParentSharing? {
        switch driver {
        case .bridge: return nil
        case .macvlan:
            switch options[Option.macvlanMode] ?? "bridge" {
            case "bridge": return .macvlan(.bridge)
            case "private": return .macvlan(.isolated)
            case "vepa": return .macvlan(.vepa)
            case "passthru": return .macvlan(.passThrough)
            default: return nil
            }
        case .ipvlan:
            let modes: [String: IPVLANMode] = ["l2": .l2, "l3": .l3, "l3s": .l3s]
            let flags: [String: IPVLANSharing] = ["bridge": .bridge, "private": .isolated, "vepa": .vepa]
            guard let mode = modes[options[Option.ipvlanMode] ?? "l2"],
                let flag = flags[options[Option.ipvlanFlag] ?? "bridge"]
            else { return nil }
            return .ipvlan(mode, flag)
        }
    }

    /// How the firewall sees it.
    var firewalled: FirewallNetwork {
        FirewallNetwork(
            bridge: interface,
            prefixes: prefixes,
            isInternal: isInternal,
            isolatesContainers: isolatesContainers,
            masquerades: masquerades
        )
    }

    /// What none of its containers has yet.
    ///
    /// - Throws: Where the subnets make no sense.
    func leases() throws(AddressError) -> [AddressLeases] {
        var leases: [AddressLeases] = []
        for subnet in subnets {
            guard let prefix = IPPrefix(subnet.prefix) else {
                throw AddressError(.invalid, "use subnet \(subnet.prefix)", reason: "it is no subnet")
            }
            var auxiliary: [String: IPAddress] = [:]
            for (name, text) in subnet.auxiliary ?? [:] { auxiliary[name] = IPAddress(text) }
            leases.append(
                try AddressLeases(
                    subnet: prefix,
                    range: subnet.range.flatMap { IPPrefix($0) },
                    gateway: IPAddress(subnet.gateway),
                    auxiliary: auxiliary
                )
            )
        }
        return leases
    }
}
