// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI
package import Seccomp

extension SeccompProfile {
    /// The profile of a specification.
    ///
    /// - Parameter seccomp: The `linux.seccomp` of a specification.
    /// - Throws: The field that makes no sense, or that asks for a listener.
    package init(_ seccomp: RuntimeSpec.Seccomp) throws(LaunchError) {
        self.init(
            defaultAction: try Action(seccomp.defaultAction, "defaultAction"),
            defaultErrno: try Self.errno(seccomp.defaultErrnoRet, "defaultErrnoRet")
        )
        guard seccomp.listenerPath.isEmpty, seccomp.listenerMetadata.isEmpty else {
            let text = "programs that decide on system calls (listeners) are not supported; leave it out"
            throw .specification(field: "linux.seccomp.listenerPath", text)
        }
        architectures = seccomp.architectures
        for (index, flag) in seccomp.flags.enumerated() {
            guard flag != .waitKillable else {
                let text = "\(flag.rawValue) is for listeners, which are not supported; leave it out"
                throw .specification(field: "linux.seccomp.flags[\(index)]", text)
            }
            flags.append(flag.rawValue)
        }
        for (index, rule) in seccomp.syscalls.enumerated() {
            rules.append(try Rule(rule, "syscalls[\(index)]"))
        }
    }

    /// The kernel hands on at most 4095.
    fileprivate static func errno(_ value: UInt?, _ place: String) throws(LaunchError) -> UInt16? {
        guard let value else { return nil }
        guard value <= 4095 else {
            throw .specification(field: "linux.seccomp.\(place)", "\(value) is no errno value: they end at 4095")
        }
        return UInt16(value)
    }
}

extension SeccompProfile.Action {
    fileprivate init(_ action: RuntimeSpec.Seccomp.Action, _ place: String) throws(LaunchError) {
        guard let known = SeccompProfile.Action(rawValue: action.rawValue) else {
            let text = "\(action.rawValue) needs a listener, which is not supported"
            throw .specification(field: "linux.seccomp.\(place)", text)
        }
        self = known
    }
}

extension SeccompProfile.Rule {
    fileprivate init(_ rule: RuntimeSpec.Seccomp.Rule, _ place: String) throws(LaunchError) {
        guard !rule.names.isEmpty else {
            throw .specification(field: "linux.seccomp.\(place).names", "is empty: no system call is named")
        }
        self.init(
            rule.names,
            try SeccompProfile.Action(rule.action, "\(place).action"),
            errno: try SeccompProfile.errno(rule.errnoRet, "\(place).errnoRet")
        )
        for (index, argument) in rule.args.enumerated() {
            guard argument.index <= 5, let comparison = SeccompProfile.Comparison(rawValue: argument.op.rawValue) else {
                throw .specification(
                    field: "linux.seccomp.\(place).args[\(index)].index",
                    "\(argument.index) is no argument of a system call: they count from 0 to 5"
                )
            }
            arguments.append(
                SeccompProfile.Argument(UInt32(argument.index), comparison, argument.value, argument.valueTwo)
            )
        }
    }
}

extension SeccompFilter {
    /// The filter of a container.
    ///
    /// - Parameters:
    ///   - specification: The container.
    ///   - profile: A profile in the place of `linux.seccomp`.
    ///   - cache: Where compiled filters are kept.
    /// - Returns: The filter; nil where nothing is filtered.
    /// - Throws: What is wrong with the profile.
    static func filter(
        for specification: RuntimeSpec,
        profile: SeccompProfile?,
        cache: SeccompFilterCache
    ) throws(LaunchError) -> SeccompFilter? {
        var profile = profile
        if profile == nil, let seccomp = specification.linux?.seccomp { profile = try SeccompProfile(seccomp) }
        guard let profile else { return nil }
        var target = Target()
        // Without lists the process keeps what this one has, which is everything for root.
        target.capabilities = .all
        if let lists = specification.process?.capabilities {
            do {
                target.capabilities = try CapabilitySet(named: lists.bounding)
            } catch {
                throw .specification(field: "process.capabilities.bounding", error.description)
            }
        }
        do {
            return try cache.filter(for: profile, target: target)
        } catch {
            let place = error.field.isEmpty ? "" : ".\(error.field)"
            throw .specification(field: "linux.seccomp\(place)", error.reason)
        }
    }
}
