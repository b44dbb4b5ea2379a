// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink

/// Has a new interface of a container speak IPv6 only where it has an address of it (CVE-2024-32473), and not follow whoever says
/// that it is a router (CVE-2020-13401).
///
/// Writing `disable_ipv6` of an interface tries again and again for the lock that all changes of interfaces on the machine take
/// turns at (rtnl); writing the default, which an interface begins with, takes no lock. So the default is changed around the
/// making of the interface, and what it is afterwards is looked at.
struct FamilyGuard: Sendable {
    /// The name of the interface in the container.
    private let name: String
    private let hasV6: Bool
    /// The number of a descriptor of the container's network; nil for that of the calling thread.
    private let container: Int32?

    private static let standard = "ipv6/conf/default/disable_ipv6"

    /// - Parameters:
    ///   - name: The name of the interface in the container.
    ///   - hasV6: Whether it is to have an address of IPv6.
    ///   - container: The number of a descriptor of the container's network, or of a pidfd of a process in it; nil for that of the
    ///     calling thread.
    init(of name: String, hasV6: Bool, _ container: Int32?) {
        self.name = name
        self.hasV6 = hasV6
        self.container = container
    }

    private var wanted: String { hasV6 ? "0" : "1" }

    /// Has an interface that is made now begin as it is to be.
    ///
    /// - Returns: What the default was; nil where it was right, or where the kernel has no IPv6.
    /// - Throws: What the kernel refused, or that the interface has no proper name.
    func prepare() throws(NetlinkError) -> String? {
        guard !name.contains("/"), name != "..", name != "." else {
            throw NetlinkError(.failed, "make interface `\(name)`", reason: "that is no name", number: EINVAL)
        }
        return try run { [wanted] in
            guard let before = KernelSettings.value(Self.standard) else { return nil }
            return try KernelSettings.set(Self.standard, to: wanted) ? before : nil
        }
    }

    /// Sets the default back where no interface was made.
    ///
    /// - Parameter before: What ``prepare()`` returned.
    func giveUp(_ before: String?) {
        guard let before else { return }
        // Why there is no interface is what is told.
        _ = try? run { try KernelSettings.set(Self.standard, to: before) }
    }

    /// Sets the default back, and has the interface be as it is to be.
    ///
    /// - Parameter before: What ``prepare()`` returned.
    /// - Throws: What the kernel refused.
    func finish(_ before: String?) throws(NetlinkError) {
        try run { [name, wanted, hasV6] in
            if let before { try KernelSettings.set(Self.standard, to: before) }
            let folder = "ipv6/conf/\(name)"
            if KernelSettings.value("\(folder)/disable_ipv6") == nil { return }
            // The container may have changed the default meanwhile.
            try KernelSettings.set("\(folder)/disable_ipv6", to: wanted)
            if hasV6 { try KernelSettings.set("\(folder)/accept_ra", to: "0") }
        }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws(NetlinkError) -> Value {
        do {
            return try KernelSettings.run(inNetworkOf: container, body)
        } catch {
            throw NetlinkError(.failed, "set IPv6 of \(name)", reason: "\(error)")
        }
    }
}
