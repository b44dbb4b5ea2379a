// SPDX-License-Identifier: Apache-2.0

import CSeccomp
import Glibc
package import Linux

/// A profile compiled for one machine: classic BPF, ready for seccomp(2).
///
/// libseccomp lays the calls out as a binary tree. In front stands a prologue of ours, which keeps a profile's meaning
/// on kernels that are newer than libseccomp: calls that the profile names but libseccomp does not know get their action
/// by number, and calls that are newer than every name of the profile fail with `ENOSYS` where they would fail with
/// `EPERM`, since C libraries only fall back on the former. (runc does the latter as well.)
package struct SeccompFilter: Equatable, Sendable {
    /// The instructions, eight bytes each: `struct sock_filter` as the kernel reads it.
    package let instructions: [UInt8]
    /// The `SECCOMP_FILTER_FLAG_…` bits for seccomp(2).
    package let loadFlags: UInt32

    init(instructions: [UInt8], loadFlags: UInt32) {
        self.instructions = instructions
        self.loadFlags = loadFlags
    }

    /// The kernel takes no longer filter (`BPF_MAXINSNS`).
    package static let instructionLimit = 4096

    /// What a filter is compiled for.
    package struct Target: Hashable, Sendable {
        /// What the container's processes may have at most: its bounding set.
        package var capabilities: CapabilitySet
        /// Whether calls of other architectures that the processor can run are refused, whatever the profile says.
        package var isNativeOnly: Bool
        /// The kernel's release, for rules that depend on it.
        package var kernel: KernelRelease

        package init(
            capabilities: CapabilitySet = .containerDefault,
            isNativeOnly: Bool = false,
            kernel: KernelRelease = .running
        ) {
            self.capabilities = capabilities
            self.isNativeOnly = isNativeOnly
            self.kernel = kernel
        }
    }

    static let flags: [(name: String, bit: UInt32)] = [
        ("SECCOMP_FILTER_FLAG_TSYNC", 1), ("SECCOMP_FILTER_FLAG_LOG", 2), ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4),
    ]

    static func flag(_ name: String) -> UInt32? {
        flags.first { $0.name == name }?.bit
    }

    /// Compiles a profile.
    ///
    /// It takes milliseconds; ``SeccompFilterCache`` saves them.
    ///
    /// - Parameters:
    ///   - profile: The profile.
    ///   - target: What to compile it for.
    /// - Throws: What libseccomp refuses, with the call and the rule.
    package init(_ profile: SeccompProfile, for target: Target) throws(SeccompProfileError) {
        self = try SeccompPlan(profile, for: target).compile()
    }
}

/// A profile with everything decided that depends on the machine: what there is to compile.
struct SeccompPlan: Equatable {
    struct Rule: Equatable {
        /// The place in the profile, for messages.
        var place: String
        var names: [String]
        /// The action as libseccomp and the kernel number it.
        var action: UInt32
        var arguments: [SeccompProfile.Argument]
    }

    var defaultAction: UInt32
    /// Names of libseccomp, the native one first.
    var architectures: [String]
    var rules: [Rule] = []
    var loadFlags: UInt32 = 0
    /// Every name of the profile, whether its rule holds or not.
    var names: [String] = []

    /// The machine's own architecture in libseccomp's words and in Go's.
    static let native: (seccomp: String, go: String) = {
        #if arch(x86_64)
        ("x86_64", "amd64")
        #elseif arch(arm64)
        ("aarch64", "arm64")
        #endif
    }()

    init(_ profile: SeccompProfile, for target: SeccompFilter.Target) throws(SeccompProfileError) {
        defaultAction = Self.value(of: profile.defaultAction, profile.defaultErrno)
        architectures = [Self.native.seccomp]
        var others = profile.architectures.enumerated().map { (place: "architectures[\($0)]", name: $1) }
        for (index, entry) in profile.architectureMap.enumerated()
        where try Self.architecture(entry.native, at: "archMap[\(index)].architecture") == Self.native.seccomp {
            others += entry.others.map { (place: "archMap[\(index)].subArchitectures", name: $0) }
        }
        for (place, name) in others where !target.isNativeOnly {
            let short = try Self.architecture(name, at: place)
            if !architectures.contains(short) { architectures.append(short) }
        }
        for flag in profile.flags { loadFlags |= SeccompFilter.flag(flag) ?? 0 }
        for (index, rule) in profile.rules.enumerated() {
            names += rule.names
            guard rule.applies(to: target) else { continue }
            let action = Self.value(of: rule.action, rule.errno)
            // libseccomp takes no rule that says what happens anyway.
            if action == defaultAction { continue }
            let place = "syscalls[\(index)]"
            // libseccomp knows one condition an argument; Docker reads more of them as alternatives.
            let indices = Set(rule.arguments.map(\.index))
            if indices.count == rule.arguments.count {
                rules.append(Rule(place: place, names: rule.names, action: action, arguments: rule.arguments))
            } else {
                rules += rule.arguments.map {
                    Rule(place: place, names: rule.names, action: action, arguments: [$0])
                }
            }
        }
    }

    /// `x86_64` for `SCMP_ARCH_X86_64`.
    private static func architecture(_ name: String, at place: String) throws(SeccompProfileError) -> String {
        let prefix = "SCMP_ARCH_"
        guard name.hasPrefix(prefix) else {
            throw SeccompProfileError(place, "unknown architecture \"\(name)\": they are like SCMP_ARCH_X86_64")
        }
        return name.dropFirst(prefix.count).lowercased()
    }

    private static func value(of action: SeccompProfile.Action, _ errno: UInt16?) -> UInt32 {
        switch action {
        case .allow: 0x7fff_0000
        case .log: 0x7ffc_0000
        case .trace: 0x7ff0_0000 | UInt32(errno ?? UInt16(EPERM))
        case .errno: 0x0005_0000 | UInt32(errno ?? UInt16(EPERM))
        case .trap: 0x0003_0000
        case .kill, .killThread: 0
        case .killProcess: 0x8000_0000
        }
    }

    /// All of it as text, so that equal plans, and only these, have equal keys.
    var key: String {
        let version = seccomp_version()?.pointee
        var text = "libseccomp \(version?.major ?? 0).\(version?.minor ?? 0).\(version?.micro ?? 0)\n"
        text += "architectures \(architectures.joined(separator: " "))\ndefault \(defaultAction) flags \(loadFlags)\n"
        text += "names \(names.joined(separator: " "))\n"
        for rule in rules {
            text += "\(rule.action) \(rule.names.joined(separator: " "))"
            for argument in rule.arguments {
                text += " [\(argument.index) \(argument.comparison.rawValue) \(argument.value) \(argument.valueTwo)]"
            }
            text += "\n"
        }
        return text
    }
}

extension SeccompProfile.Rule {
    /// Whether the rule holds, as Docker decides it.
    package func applies(to target: SeccompFilter.Target) -> Bool {
        let isHeld = { (name: String) in
            (try? Capability(named: name)).map(target.capabilities.contains) ?? false
        }
        let native = SeccompPlan.native.go
        if excludes.architectures.contains(native) || excludes.capabilities.contains(where: isHeld) { return false }
        if let release = excludes.minimumKernel, target.kernel >= release { return false }
        if !includes.architectures.isEmpty, !includes.architectures.contains(native) { return false }
        if let release = includes.minimumKernel, target.kernel < release { return false }
        return includes.capabilities.allSatisfy(isHeld)
    }
}
