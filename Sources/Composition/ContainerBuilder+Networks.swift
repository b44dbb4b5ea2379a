// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI

extension ContainerBuilder {
    // MARK: Networks

    /// Sets the networks, or what is in their place.
    mutating func setNetworks() {
        host.dns = Self.list(service.dns)
        host.dnsOptions = Self.list(service.dnsOptions)
        host.dnsSearch = Self.list(service.dnsSearch)
        host.extraHosts = service.extraHosts.sorted { $0.key < $1.key }.flatMap { name, addresses in
            addresses.map { "\(name):\($0)" }
        }
        host.links = Self.list(links())
        if let mode = service.networkMode {
            setMode(mode)
            return
        }
        if service.networks.isEmpty, project.networks.isEmpty {
            host.networkMode = "none"
            return
        }
        let keys = service.networks.isEmpty ? ["default"] : networksByPriority()
        host.networkMode = composer.networkName(keys[0])
        var all: [String: NetworkEndpoint] = [:]
        for (index, key) in keys.enumerated() {
            all[composer.networkName(key)] = endpoint(of: key, isFirst: index == 0)
        }
        endpoints = all
    }

    private mutating func setMode(_ mode: String) {
        // The word of old files for a container without a network.
        if mode == "disabled" { disableNetwork() }
        host.networkMode = mode == "disabled" ? "none" : mode
        guard let address = service.macAddress else { return }
        if ["bridge", "default"].contains(mode) {
            var endpoint = NetworkEndpoint()
            endpoint.macAddress = address
            endpoints = [mode: endpoint]
        } else {
            warn("`mac_address` has no effect: with `network_mode: \(mode)` the container has no interface of its own")
        }
    }

    /// The keys of the networks in the order in which they are joined; the first is the container's own.
    private func networksByPriority() -> [String] {
        func priority(_ key: String) -> Int { service.networks[key]??.priority ?? 0 }
        return service.networks.keys.sorted { left, right in
            priority(left) == priority(right) ? left < right : priority(left) > priority(right)
        }
    }

    private mutating func endpoint(of key: String, isFirst: Bool) -> NetworkEndpoint {
        let written = service.networks[key] ?? nil
        let wanted = written ?? ServiceNetwork()
        var endpoint = NetworkEndpoint()
        var aliases: [String] = []
        for alias in [composer.containerName(of: name, number: number), name] + wanted.aliases
        where !aliases.contains(alias) {
            aliases.append(alias)
        }
        endpoint.aliases = aliases
        endpoint.links = host.links
        endpoint.macAddress = wanted.macAddress ?? ""
        if isFirst, let address = service.macAddress {
            if let other = wanted.macAddress, other != address {
                refuse(
                    "`mac_address` is \(address), but `networks.\(key).mac_address` is \(other); leave one of them out"
                )
            }
            endpoint.macAddress = address
        }
        var options = wanted.driverOptions
        if let interface = wanted.interfaceName {
            if let other = options[Self.interfaceOption], other != interface {
                refuse(
                    "`networks.\(key).interface_name` is \(interface), but its option `\(Self.interfaceOption)` is "
                        + "\(other); leave one of them out"
                )
            }
            options[Self.interfaceOption] = interface
        }
        endpoint.driverOpts = options.isEmpty ? nil : options
        endpoint.gatewayPriority = wanted.gatewayPriority ?? 0
        if written != nil {
            var addresses = NetworkEndpoint.IPAMConfig()
            addresses.ipv4Address = wanted.ipv4Address ?? ""
            addresses.ipv6Address = wanted.ipv6Address ?? ""
            addresses.linkLocalIPs = Self.list(wanted.linkLocalIPs)
            endpoint.ipamConfig = addresses
        }
        return endpoint
    }

    /// The option of a network's driver that names the interface in the container.
    private static let interfaceOption = "com.docker.network.endpoint.ifname"

    // MARK: Links

    /// `container:alias` for each container of a linked service, under three names, and for external ones.
    private func links() -> [String] {
        var links: [String] = []
        for link in service.links {
            let parts = link.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let other = project.services[parts[0]] ?? Service()
            let count = other.scale ?? other.deploy?.replicas ?? 1
            for number in 1...max(1, count) where count > 0 {
                let container = composer.containerName(of: parts[0], number: number)
                let short = [parts[0], String(number)].joined(separator: composer.separator)
                links += [parts[parts.count - 1], short, [project.name, short].joined(separator: composer.separator)]
                    .map { "\(container):\($0)" }
            }
        }
        for link in service.externalLinks {
            links.append(link.contains(":") ? link : "\(link):\(link)")
        }
        return links
    }

    // MARK: Ports

    /// Sets the ports that are exposed and published.
    mutating func setPorts() {
        for text in service.expose {
            guard let ports = Self.exposed(text) else {
                refuse("`expose` has `\(text)`, which is not PORT[-PORT][/PROTOCOL], such as 80 or 7000-7010/udp")
                continue
            }
            for port in ports { expose(port) }
        }
        for port in service.ports {
            let name = "\(port.target ?? 0)/\((port.networkProtocol ?? "tcp").lowercased())"
            expose(name)
            host.publish(name, at: port.hostIP ?? "", port.published ?? "")
        }
    }

    /// The names of the ports of `PORT[-PORT][/PROTOCOL]`; nil where it is not that.
    private static func exposed(_ text: String) -> [String]? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard parts.count <= 2, (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
            first > 0, first <= last, parts.last?.isEmpty == false
        else { return nil }
        let transport = parts.count == 2 ? parts[1].lowercased() : "tcp"
        return (first...last).map { "\($0)/\(transport)" }
    }
}
