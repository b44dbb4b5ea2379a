// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink

/// A setting of the kernel for one interface of a container, written as Docker's option
/// `com.docker.network.endpoint.sysctls` has it: `net.ipv4.conf.IFNAME.log_martians=1`.
package struct InterfaceSetting: Equatable, Sendable {
    /// What stands for the interface; the command of Docker makes small letters of it.
    private static let placeholders = ["IFNAME", "ifname"]
    private static let families = ["ipv4", "ipv6", "mpls"]
    /// More bytes than any value of the kernel has.
    private static let longestValue = 256

    private let family: String
    /// `conf` or `neigh`, for example.
    private let group: String
    private let name: String
    private let value: String

    /// Reads a setting.
    ///
    /// - Parameter text: The setting; nil comes of one that is of no interface, or could be anything but one file below
    ///   `/proc/sys/net` with one line in it.
    package init?(_ text: String) {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard sides.count == 2, !sides[1].isEmpty, sides[1].utf8.count <= Self.longestValue,
            sides[1].utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
        else { return nil }
        let parts = sides[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0] == "net", Self.families.contains(parts[1]),
            Self.placeholders.contains(parts[3]), Self.isWord(parts[2]), Self.isWord(parts[4])
        else { return nil }
        (family, group, name, value) = (parts[1], parts[2], parts[4], sides[1])
    }

    /// Whether a text is a name as the kernel's settings have them.
    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    /// Has an interface of a container be as settings say, in their order.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - interface: The name of the interface.
    ///   - container: The number of a descriptor of the container's network, or of a pidfd of a process in it.
    /// - Throws: The setting that the kernel does not have, or does not take.
    package static func apply(
        _ settings: [InterfaceSetting],
        to interface: String,
        inNetworkOf container: Int32
    ) throws {
        if settings.isEmpty { return }
        guard !interface.contains("/"), interface != "..", interface != "." else {
            throw NetlinkError(.failed, "set up interface `\(interface)`", reason: "that is no name", number: EINVAL)
        }
        try KernelSettings.run(inNetworkOf: container) {
            for setting in settings { try setting.apply(to: interface) }
        }
    }

    private func apply(to interface: String) throws(NetlinkError) {
        do throws(SystemError) {
            try KernelSettings.set("\(family)/\(group)/\(interface)/\(name)", to: value)
        } catch {
            let reason =
                error.number == ENOENT
                ? "the kernel has no such setting; look below /proc/sys/net for those that it has" : error.description
            throw NetlinkError(
                .failed,
                "set net.\(family).\(group).\(interface).\(name) to \(value)",
                reason: reason,
                number: error.number
            )
        }
    }
}
