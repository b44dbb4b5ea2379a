// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks

/// Checks requests for new networks, and brings them into the form that is kept.
struct NetworkChecker {
    private let request: NetworkCreateRequest
    private var definition = NetworkDefinition()

    /// How many bytes the name of an interface has at most (`IFNAMSIZ` of linux/if.h, less one).
    private static let longestInterface = 15
    private static let longestName = 256

    /// Names that mean networks of every engine, or none at all.
    static let reserved: Set = ["bridge", "host", "none", "default"]

    /// Checks a request.
    ///
    /// - Parameters:
    ///   - request: The request as it came.
    ///   - id: The identifier that the network will have; its bridge is named by it.
    /// - Returns: What the network is to be; a family without a subnet is to get one.
    /// - Throws: `badParameter` or `forbidden` with what is wrong, in the words of Docker where it has some.
    static func settle(_ request: NetworkCreateRequest, id: ObjectID) throws(EngineError) -> NetworkDefinition {
        var checker = NetworkChecker(request: request)
        try checker.checkName()
        try checker.checkKind()
        if request.isConfigOnly {
            try checker.checkConfiguration()
        } else {
            try checker.checkOptions(id)
        }
        try checker.checkSubnets()
        return checker.definition
    }

    private func checkName() throws(EngineError) {
        let name = request.name
        if Self.reserved.contains(name) {
            throw EngineError(.forbidden, "operation is not permitted on predefined \(name) network")
        }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let isValid =
            name.utf8.count <= Self.longestName && name.utf8.first.map(isAlphanumeric) == true
            && name.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
        guard isValid else {
            throw EngineError(
                .badParameter,
                "invalid network name `\(name.prefix(64))`: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
            )
        }
    }

    private mutating func checkKind() throws(EngineError) {
        let name = request.driver
        guard let driver = NetworkDefinition.Driver(rawValue: name.isEmpty ? "bridge" : name) else {
            if name == "host" || name == "null" {
                throw EngineError(.forbidden, "only one instance of \"\(name)\" network is allowed")
            }
            throw EngineError(
                .notFound,
                "could not find plugin \(name.prefix(64)) in v1 plugin registry: plugin not found: the drivers are "
                    + "bridge, macvlan and ipvlan"
            )
        }
        let refused: [(Bool, String)] = [
            (request.isIngress, "an ingress network is one of a cluster, and there is none"),
            (
                !["", "local"].contains(request.scope),
                "the scope \(request.scope.prefix(32)) is one of a cluster, and there is none"
            ),
            (
                !["", "default"].contains(request.ipam?.driver ?? ""),
                "there is no driver of addresses `\(request.ipam?.driver.prefix(64) ?? "")`: the only one is default"
            ),
        ]
        for (isRefused, text) in refused where isRefused { throw EngineError(.badParameter, text) }
        definition.driver = driver
        definition.isInternal = request.isInternal
        definition.isAttachable = request.isAttachable
        definition.addressOptions = request.ipam?.options
        definition.labels = request.labels ?? [:]
    }

    /// Checks what is to be a configuration for other networks: its options are looked at with the driver of these.
    private mutating func checkConfiguration() throws(EngineError) {
        if request.isInternal || request.isAttachable || !request.scope.isEmpty {
            // The words of Docker.
            throw EngineError(
                .forbidden,
                "configuration network can only contain network specific fields. Network operator fields like "
                    + "[ ingress | internal | attachable | scope ] are not supported."
            )
        }
        if request.configFrom?.network.isEmpty == false {
            throw EngineError(.forbidden, "a configuration network cannot depend on another configuration network")
        }
        definition.options = request.options ?? [:]
        definition.isConfiguration = true
    }

    private mutating func checkOptions(_ id: ObjectID) throws(EngineError) {
        typealias Option = NetworkDefinition.Option
        definition.options = request.options ?? [:]
        for option in [Option.reachesEachOther, Option.masquerades] {
            guard let value = definition.options[option] else { continue }
            guard ["true", "false", "1", "0", "t", "f"].contains(value.lowercased()) else {
                throw EngineError(
                    .badParameter,
                    "invalid value for \(option): \"\(value.prefix(32))\" is not true or false"
                )
            }
        }
        // The smallest of RFC 791, and the largest of a bridge.
        if let value = definition.options[Option.mtu], definition.mtu.map({ (68...65_535).contains($0) }) != true {
            throw EngineError(
                .badParameter,
                "invalid value for \(Option.mtu): \"\(value.prefix(32))\" is not 68 to 65535"
            )
        }
        if let value = definition.options[Option.hostAddress], IPAddress(value)?.isV4 != true {
            throw EngineError(
                .badParameter,
                "invalid value for \(Option.hostAddress): \"\(value.prefix(64))\" is no address of IPv4"
            )
        }
        if let value = definition.options[Option.interfacePrefix], value.utf8.count > Self.longestInterface - 3 {
            throw EngineError(.badParameter, "invalid value for \(Option.interfacePrefix): it has more than 12 bytes")
        }
        let key = definition.driver == .bridge ? Option.bridgeName : Option.parent
        definition.interface = definition.options[key] ?? ""
        if definition.interface.isEmpty {
            // Docker's names for parents that lead nowhere; a network on one has no way out.
            let starts: [NetworkDefinition.Driver: String] = [.macvlan: "dm-", .ipvlan: "di-"]
            definition.interface = (starts[definition.driver] ?? "wh-") + id.short
            if definition.driver != .bridge { definition.isInternal = true }
        }
        try Self.check(interface: definition.interface)
        if definition.driver != .bridge, definition.sharing == nil {
            throw EngineError(
                .badParameter,
                "unknown mode of \(definition.driver.rawValue): macvlan_mode is bridge, private, vepa or passthru, ipvlan_mode "
                    + "l2, l3 or l3s, and ipvlan_flag bridge, private or vepa"
            )
        }
    }

    /// Checks the name of an interface by the rule of the kernel (`dev_valid_name` of net/core/dev.c).
    static func check(interface name: String) throws(EngineError) {
        let isValid =
            (1...longestInterface).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
        if isValid { return }
        throw EngineError(
            .badParameter,
            "`\(name.prefix(32))` cannot be the name of an interface: at most 15 bytes, no `/`"
        )
    }

    // MARK: Subnets

    private mutating func checkSubnets() throws(EngineError) {
        var ranges = request.ipam?.config ?? []
        // Docker lets a gateway alone be, which is of no subnet.
        ranges.removeAll { $0 == NetworkInspection.Range() }
        for range in ranges { definition.subnets.append(try subnet(range)) }
        for isV4 in [true, false] {
            let count = definition.prefixes.count { $0.address.isV4 == isV4 }
            guard count < 2 else {
                throw EngineError(
                    .badParameter,
                    "\(definition.driver.rawValue) network has more than one subnet of \(isV4 ? "IPv4" : "IPv6"): give one"
                )
            }
        }
        definition.hasIPv4 = request.enablesIPv4 ?? true
        definition.hasIPv6 = request.enablesIPv6 ?? definition.prefixes.contains { !$0.address.isV4 }
        for prefix in definition.prefixes where !(prefix.address.isV4 ? definition.hasIPv4 : definition.hasIPv6) {
            throw EngineError(
                .badParameter,
                "the network has the subnet \(prefix), and \(prefix.address.isV4 ? "IPv4" : "IPv6") is turned off"
            )
        }
        guard definition.hasIPv4 || definition.hasIPv6 else {
            throw EngineError(.badParameter, "IPv4 or IPv6 must be enabled")
        }
        do {
            _ = try definition.leases()
        } catch {
            throw EngineError(.badParameter, "\(error)")
        }
    }

    private func subnet(_ range: NetworkInspection.Range) throws(EngineError) -> NetworkDefinition.Subnet {
        guard !range.subnet.isEmpty else {
            throw EngineError(
                .badParameter,
                "a gateway, a range or an auxiliary address needs the subnet that it is of"
            )
        }
        let subnet = try Self.prefix(range.subnet, "subnet")
        let inner = range.range.isEmpty ? nil : try Self.prefix(range.range, "ip-range")
        var auxiliary: [String: String] = [:]
        for (name, text) in range.auxiliaryAddresses ?? [:] {
            auxiliary[name] = try Self.address(text, "auxiliary address \(name.prefix(32))").description
        }
        var gateway = range.gateway.isEmpty ? nil : try Self.address(range.gateway, "gateway").description
        if gateway == nil, definition.isConfiguration != true {
            do {
                let others = auxiliary.compactMapValues { IPAddress($0) }
                gateway = try AddressLeases(subnet: subnet, range: inner, auxiliary: others).gateway.description
            } catch {
                throw EngineError(.badParameter, "\(error)")
            }
        }
        return NetworkDefinition.Subnet(
            prefix: subnet.description,
            range: inner?.description,
            gateway: gateway ?? "",
            auxiliary: auxiliary.isEmpty ? nil : auxiliary,
            isChosen: false
        )
    }

    private static func prefix(_ text: String, _ field: String) throws(EngineError) -> IPPrefix {
        guard let prefix = IPPrefix(text) else {
            throw EngineError(
                .badParameter,
                "invalid \(field) \(text.prefix(64)): it is no address with the length of a prefix"
            )
        }
        return prefix
    }

    private static func address(_ text: String, _ field: String) throws(EngineError) -> IPAddress {
        // Docker takes the length of the prefix behind a gateway, too.
        guard let address = IPAddress(text) ?? IPPrefix(text)?.address else {
            throw EngineError(.badParameter, "invalid \(field) \(text.prefix(64)): it is no address")
        }
        return address
    }
}
