// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Versions of the internet protocol.
package struct IPVersions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let ipv4 = Self(rawValue: 1)
    package static let ipv6 = Self(rawValue: 2)
}

/// Whether a host passes on packets that are not for itself, as containers need it.
///
/// The kernel knows this for the whole host only: one that did not do it before is then a router between all of its
/// interfaces. Whoever turns it on keeps the others apart with ``Firewall/guardForwarding(of:)``, and remembers it: the
/// next time it looks as if it had always been on.
package enum Forwarding {
    /// Turns forwarding on.
    ///
    /// With forwarding the kernel ignores the router advertisements of IPv6, by which a host without other settings has its
    /// address and its way out, and forgets the routes that it has from them. So interfaces that accept them
    /// (`accept_ra` is 1) are told before to do so in any case (2; Documentation/networking/ip-sysctl.rst). One that appears
    /// later has the kernel's default again, which is left alone, for it may belong to containers.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor of the network namespace; nil for that of the calling thread.
    ///   - ipv6: Whether IPv6 is to be forwarded as well; a kernel without it is no error.
    ///   - bridges: The bridges of containers, which are to accept no router advertisements.
    /// - Returns: What was off before.
    /// - Throws: The error of setns(2), open(2) or write(2); IPv4 may be on then.
    @discardableResult
    package static func enable(
        inNetworkOf network: Int32? = nil,
        ipv6: Bool,
        except bridges: Set<String> = []
    ) throws -> IPVersions {
        try KernelSettings.run(inNetworkOf: network) {
            var changed: IPVersions = []
            if try KernelSettings.set("ipv4/ip_forward", to: "1") { changed.insert(.ipv4) }
            guard ipv6, let present = KernelSettings.value("ipv6/conf/all/forwarding"), present != "1" else {
                return changed
            }
            try keepRouterAdvertisements(except: bridges)
            if try KernelSettings.set("ipv6/conf/all/forwarding", to: "1") { changed.insert(.ipv6) }
            return changed
        }
    }

    private static func keepRouterAdvertisements(except bridges: Set<String>) throws(SystemError) {
        let folder = try Descriptor.open("/proc/sys/net/ipv6/conf", O_RDONLY | O_DIRECTORY)
        for name in try folder.entries().map(\.description) {
            // The first two stand for no interface.
            if ["all", "default", "lo"].contains(name) || bridges.contains(name) { continue }
            let path = "ipv6/conf/\(name)/accept_ra"
            guard KernelSettings.value(path) == "1" else { continue }
            do throws(SystemError) {
                try KernelSettings.set(path, to: "2")
            } catch  where error.number == ENOENT {
                // It went away.
                continue
            }
        }
    }
}
