// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A privilege of capabilities(7); the raw value is the kernel's number.
package enum Capability: UInt8, CaseIterable, Sendable {
    case chown = 0
    case dacOverride = 1
    case dacReadSearch = 2
    case fowner = 3
    case fsetid = 4
    case kill = 5
    case setgid = 6
    case setuid = 7
    case setpcap = 8
    case linuxImmutable = 9
    case netBindService = 10
    case netBroadcast = 11
    case netAdmin = 12
    case netRaw = 13
    case ipcLock = 14
    case ipcOwner = 15
    case sysModule = 16
    case sysRawio = 17
    case sysChroot = 18
    case sysPtrace = 19
    case sysPacct = 20
    case sysAdmin = 21
    case sysBoot = 22
    case sysNice = 23
    case sysResource = 24
    case sysTime = 25
    case sysTtyConfig = 26
    case mknod = 27
    case lease = 28
    case auditWrite = 29
    case auditControl = 30
    case setfcap = 31
    case macOverride = 32
    case macAdmin = 33
    case syslog = 34
    case wakeAlarm = 35
    case blockSuspend = 36
    case auditRead = 37
    case perfmon = 38
    case bpf = 39
    case checkpointRestore = 40

    /// The name as files and manual pages write it, `CAP_NET_ADMIN` for example.
    package var name: String {
        "CAP_" + shortName
    }

    /// The name without `CAP_`, as `--cap-add` takes it.
    package var shortName: String {
        var name = ""
        for character in "\(self)" {
            if character.isUppercase { name.append("_") }
            name.append(contentsOf: character.uppercased())
        }
        return name
    }

    /// Finds a capability by its name, in any case, with or without `CAP_`.
    ///
    /// - Parameter name: The name as a user wrote it.
    /// - Throws: ``UnknownCapability`` where there is none.
    package init(named name: String) throws(UnknownCapability) {
        let upper = name.uppercased()
        let short = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
        guard let known = Self.byShortName[short] else { throw UnknownCapability(name: name) }
        self = known
    }

    private static let byShortName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.shortName, $0) })
}

/// A name that is not a capability of Linux.
package struct UnknownCapability: Error, Equatable, CustomStringConvertible {
    /// The name as it was given.
    package var name: String

    package init(name: String) {
        self.name = name
    }

    package var description: String {
        "unknown capability \"\(name)\": capabilities(7) lists the names; ALL stands for every one"
    }
}

/// A set of capabilities, as the bits that capset(2) takes.
package struct CapabilitySet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The set of some capabilities.
    package init(_ capabilities: [Capability]) {
        self.init(rawValue: capabilities.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
    }

    /// The set that names stand for; each as ``Capability/init(named:)`` takes it, or `ALL`.
    ///
    /// - Parameter names: The names.
    /// - Throws: ``UnknownCapability`` for the first unknown name.
    package init(named names: [String]) throws(UnknownCapability) {
        self = []
        for name in names { formUnion(try Self.parse(name)) }
    }

    /// Every capability that this module knows.
    package static let all = CapabilitySet(Capability.allCases)

    /// What Docker gives a container that asks for nothing else.
    package static let containerDefault = CapabilitySet([
        .chown, .dacOverride, .fsetid, .fowner, .mknod, .netRaw, .setgid, .setuid, .setfcap, .setpcap,
        .netBindService, .sysChroot, .kill, .auditWrite,
    ])

    /// The set of a container with `cap_add` and `cap_drop`, by Docker's rules.
    ///
    /// Adding `ALL` gives everything but what is dropped; dropping `ALL` leaves just what is added; otherwise the
    /// defaults lose what is dropped and then gain what is added, so that a name in both lists is in the set.
    ///
    /// - Parameters:
    ///   - added: The names to add.
    ///   - dropped: The names to drop.
    /// - Returns: The set.
    /// - Throws: ``UnknownCapability`` for the first unknown name.
    package static func container(
        adding added: [String],
        dropping dropped: [String]
    ) throws(UnknownCapability) -> CapabilitySet {
        let (plus, minus) = (try CapabilitySet(named: added), try CapabilitySet(named: dropped))
        if added.contains(where: isAll) { return all.subtracting(dropped.contains(where: isAll) ? [] : minus) }
        if dropped.contains(where: isAll) { return plus }
        return containerDefault.subtracting(minus).union(plus)
    }

    /// Whether the set has the capability.
    package func contains(_ capability: Capability) -> Bool {
        rawValue & 1 << UInt64(capability.rawValue) != 0
    }

    /// The members in the kernel's order.
    package var capabilities: [Capability] {
        Capability.allCases.filter(contains)
    }

    /// The sets that this process holds now.
    ///
    /// - Returns: Its effective, permitted and inheritable set, as capget(2) tells them.
    /// - Throws: The error of capget(2).
    package static func ofThisThread() throws(SystemError) -> (
        effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet
    ) {
        var (effective, permitted, inheritable) = (UInt64(0), UInt64(0), UInt64(0))
        try SystemError.check(clinux_capget(&effective, &permitted, &inheritable), "capget")
        return (Self(rawValue: effective), Self(rawValue: permitted), Self(rawValue: inheritable))
    }

    private static func isAll(_ name: String) -> Bool {
        ["ALL", "CAP_ALL"].contains(name.uppercased())
    }

    private static func parse(_ name: String) throws(UnknownCapability) -> CapabilitySet {
        isAll(name) ? .all : CapabilitySet([try Capability(named: name)])
    }
}
