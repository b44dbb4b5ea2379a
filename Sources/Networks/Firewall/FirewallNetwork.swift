// SPDX-License-Identifier: Apache-2.0

package import Netlink

/// A network of containers, as the firewall knows it.
package struct FirewallNetwork: Equatable, Sendable {
    /// The name of its bridge.
    package var bridge: String
    /// Its addresses.
    package var prefixes: [IPPrefix]
    /// Whether nothing goes in or out.
    package var isInternal: Bool
    /// Whether its containers may not reach each other.
    package var isolatesContainers: Bool
    /// Whether what leaves it has the host's address.
    package var masquerades: Bool

    package init(
        bridge: String,
        prefixes: [IPPrefix],
        isInternal: Bool = false,
        isolatesContainers: Bool = false,
        masquerades: Bool = true
    ) {
        self.bridge = bridge
        self.prefixes = prefixes
        self.isInternal = isInternal
        self.isolatesContainers = isolatesContainers
        self.masquerades = masquerades
    }
}

/// A protocol with ports (`IPPROTO_TCP` and its like).
package enum TransportProtocol: UInt8, CaseIterable, Sendable {
    case tcp = 6
    case udp = 17
    case sctp = 132
}

/// A port of the host that leads to a container, or several that follow each other.
package struct PublishedPort: Hashable, Sendable {
    package var transport: TransportProtocol
    /// The address of the host at which it is published; nil for all of the family of the container's address.
    package var hostAddress: IPAddress?
    package var hostPort: UInt16
    /// The container's address, of the same family as that of the host.
    package var address: IPAddress
    package var port: UInt16
    /// How many ports there are, on both sides from the given one on.
    ///
    /// A thousand of them are one element for the kernel where both sides have the same numbers.
    package var count: UInt16

    package init(
        _ transport: TransportProtocol,
        at hostAddress: IPAddress? = nil,
        _ hostPort: UInt16,
        to address: IPAddress,
        _ port: UInt16,
        count: UInt16 = 1
    ) {
        precondition(count > 0 && Int(max(hostPort, port)) + Int(count) <= 1 << 16, "there are 65536 ports")
        self.transport = transport
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.address = address
        self.port = port
        self.count = count
    }

    /// Whether it is a range for the kernel, too.
    var isRange: Bool { count > 1 && hostPort == port }

    /// This port with those behind it that follow each other; nil where the other one is not the next, or where both sides do
    /// not have the same numbers, so that it would be no range for the kernel.
    package func followed(by next: PublishedPort) -> PublishedPort? {
        let isNext =
            transport == next.transport && hostAddress == next.hostAddress && address == next.address
            && hostPort == port && next.hostPort == next.port && Int(hostPort) + Int(count) == Int(next.hostPort)
            && Int(count) + Int(next.count) <= Int(UInt16.max)
        guard isNext else { return nil }
        var both = self
        both.count += next.count
        return both
    }

    /// The ports one by one.
    var single: [PublishedPort] {
        if count == 1 { return [self] }
        return (0..<count).map { PublishedPort(transport, at: hostAddress, hostPort + $0, to: address, port + $0) }
    }
}
