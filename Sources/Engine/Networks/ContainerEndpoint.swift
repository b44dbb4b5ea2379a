// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks

/// A network that a container is to be in whenever it runs.
struct AttachedNetwork: Codable, Equatable, Sendable {
    /// What the request calls the network: its name, or its identifier or the start of it.
    var reference: String
    /// What is asked for, as the request has it.
    var wishes: NetworkEndpoint
}

extension NetworkEndpoint {
    /// The settings of the kernel that the interface is to have, each as text.
    var interfaceSettings: [String] {
        let text = driverOpts?[NetworkDefinition.Option.interfaceSettings] ?? ""
        return text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

/// What a container has in a network while it runs, written down before its program does.
struct ContainerEndpoint: Codable, Equatable, Sendable {
    /// The identifier of the network.
    var network: String
    /// The name of the network.
    var networkName: String
    var id: String
    /// The interface in the container, such as `eth0`.
    var interface: String
    /// Its other end on the host.
    var hostInterface: String
    /// With the lengths of the prefixes.
    var addresses: [String]
    /// Of link-local addresses, which are no addresses of the network's.
    var linkLocalAddresses: [String]
    var macAddress: String
    /// The host in the network.
    var gateways: [String]
    /// Which of them get everything that is for nobody else.
    var defaultGateways: [String]
    /// How much it wants to be the way out to the world.
    var gatewayPriority: Int
    /// What the container is called in the network.
    var names: [String]
    /// Settings of the kernel for the interface, as the request has them.
    var settings: [String]?

    var prefixes: [IPPrefix] { addresses.compactMap { IPPrefix($0) } }

    var interfaceSettings: [InterfaceSetting] { (settings ?? []).compactMap { InterfaceSetting($0) } }

    /// The address of a family.
    func address(isV4: Bool) -> IPPrefix? { prefixes.first { $0.address.isV4 == isV4 } }

    func gateway(isV4: Bool) -> IPAddress? { gateways.compactMap { IPAddress($0) }.first { $0.isV4 == isV4 } }
}

/// A port of a container that is published while it runs, or several that follow each other.
struct PortMapping: Codable, Hashable, Sendable {
    /// `tcp`, `udp` or `sctp`.
    var kind: String
    var port: UInt16
    /// The address of the host; empty for all of them.
    var hostAddress: String
    var hostPort: UInt16
    /// How many ports there are, on both sides from the given one on; nil for one.
    var count: UInt16?

    /// Its name in requests and answers, `80/tcp` for example.
    var name: String { "\(port)/\(kind)" }

    var transport: TransportProtocol {
        switch kind {
        case "udp": .udp
        case "sctp": .sctp
        default: .tcp
        }
    }

    /// The addresses of the host as answers tell them.
    var shownHostAddresses: [String] { hostAddress.isEmpty ? ["0.0.0.0", "::"] : [hostAddress] }

    /// What the firewall is to do, for the address of a container; nil where the port is of the other family.
    fileprivate func published(to address: IPAddress) -> PublishedPort? {
        let host = IPAddress(hostAddress)
        guard host == nil || host?.isV4 == address.isV4 else { return nil }
        // All addresses of a family are none in particular.
        let isAny = host.map { $0.number == 0 } ?? true
        return PublishedPort(transport, at: isAny ? nil : host, hostPort, to: address, port, count: count ?? 1)
    }
}

extension [PortMapping] {
    /// What the firewall is to do, for the addresses of a container.
    func published(to addresses: [IPAddress]) -> [PublishedPort] {
        var ports: [PublishedPort] = []
        for address in addresses {
            for port in compactMap({ $0.published(to: address) }) {
                if let last = ports.last, let both = last.followed(by: port) {
                    ports[ports.count - 1] = both
                } else {
                    ports.append(port)
                }
            }
        }
        return ports
    }

    /// The ports one by one.
    var singles: [PortMapping] {
        flatMap { mapping in
            (0..<(mapping.count ?? 1)).map { offset in
                var single = mapping
                single.port += offset
                single.hostPort += offset
                single.count = nil
                return single
            }
        }
    }

    /// Ports that follow each other on both sides as one, for the record: a thousand of them take no longer to write than one.
    var runs: [PortMapping] {
        var runs: [PortMapping] = []
        for mapping in self {
            let count = mapping.count ?? 1
            if let last = runs.last, last.kind == mapping.kind, last.hostAddress == mapping.hostAddress,
                case let own = last.count ?? 1, Int(last.port) + Int(own) == Int(mapping.port),
                Int(last.hostPort) + Int(own) == Int(mapping.hostPort), Int(own) + Int(count) <= Int(UInt16.max)
            {
                runs[runs.count - 1].count = own + count
            } else {
                runs.append(mapping)
            }
        }
        return runs
    }
}
