// SPDX-License-Identifier: Apache-2.0

import CSeccomp
import Glibc
import Linux
import TestSupport
import Testing

@testable import Seccomp

/// The number of a call on an architecture of libseccomp.
func number(_ name: String, on architecture: String = "x86_64") -> Int32 {
    seccomp_syscall_resolve_name_arch(seccomp_arch_resolve_name(architecture), name)
}

private func target(adding capabilities: [Capability] = [], kernel: KernelRelease = .running) -> SeccompFilter.Target {
    SeccompFilter.Target(capabilities: .containerDefault.union(CapabilitySet(capabilities)), kernel: kernel)
}

@Suite struct `The standard profile, interpreted` {
    private static let unconditional = SeccompProfile.standard.rules[0].names

    @Test func `names are there once, and as many as Docker allows`() {
        #expect(Set(Self.unconditional).count == Self.unconditional.count)
        #expect(Self.unconditional.count == 361)
        #expect(Set(SeccompProfile.standard.rules.flatMap(\.names)).count >= 420)
    }

    @Test(arguments: [("x86_64", Machine.x86_64), ("x86", Machine.x86), ("x32", Machine.x86_64)])
    func `what every container may call is allowed on each architecture`(name: String, token: UInt32) throws {
        let machine = Machine(try SeccompFilter(.standard, for: target()))
        var found = 0
        for call in Self.unconditional {
            let number = number(call, on: name)
            if number < 0 { continue }
            found += 1
            #expect(machine.run(UInt32(number), on: token) == Answer.allow, "\(call)")
        }
        #expect(found > 250)
    }

    @Test(arguments: [("x86_64", Machine.x86_64), ("x86", Machine.x86), ("x32", Machine.x86_64)])
    func `what only a capability opens is refused without it and allowed with it`(name: String, token: UInt32) throws {
        let without = Machine(
            try SeccompFilter(.standard, for: .init(capabilities: [], kernel: KernelRelease(major: 4, minor: 7)))
        )
        for rule in SeccompProfile.standard.rules {
            guard let capability = rule.includes.capabilities.first else { continue }
            let with = Machine(
                try SeccompFilter(.standard, for: target(adding: [Capability(named: capability)]))
            )
            for call in rule.names where call != "clone" && number(call, on: name) >= 0 {
                let number = UInt32(number(call, on: name))
                let refusal = call == "clone3" ? Answer.noSuchCall : Answer.notPermitted
                #expect(without.run(number, on: token) == refusal, "\(call)")
                #expect(with.run(number, on: token) == Answer.allow, "\(call)")
            }
        }
    }

    @Test(arguments: [
        "add_key", "io_uring_enter", "io_uring_register", "io_uring_setup", "kexec_load", "keyctl", "nfsservctl",
        "pivot_root", "request_key", "swapoff", "swapon", "userfaultfd", "_sysctl", "uselib", "vm86",
    ])
    func `what nobody may call is refused with every capability`(call: String) throws {
        let machine = Machine(try SeccompFilter(.standard, for: .init(capabilities: .all)))
        for (name, token) in [("x86_64", Machine.x86_64), ("x86", Machine.x86)] {
            let number = number(call, on: name)
            if number >= 0 { #expect(machine.run(UInt32(number), on: token) == Answer.notPermitted) }
        }
    }

    @Test func `sockets go by their family`() throws {
        let machine = Machine(try SeccompFilter(.standard, for: target()))
        let socket = UInt32(number("socket"))
        for family: UInt64 in 0...60 {
            let expected = family == 38 || family == 40 ? Answer.notPermitted : Answer.allow
            #expect(machine.run(socket, [family]) == expected, "\(family)")
        }
    }

    @Test func `personalities, clones and tracing go by their arguments and the kernel`() throws {
        let machine = Machine(try SeccompFilter(.standard, for: target()))
        for (value, answer) in [
            (0, Answer.allow), (8, Answer.allow), (0x20000, Answer.allow), (0x20008, Answer.allow),
            (0xffff_ffff, Answer.allow), (0x40000, Answer.notPermitted), (1 << 32, Answer.notPermitted),
        ] as [(UInt64, UInt32)] {
            #expect(machine.run(UInt32(number("personality")), [value]) == answer, "\(value)")
        }
        let clone = UInt32(number("clone"))
        #expect(machine.run(clone, [0x3d0f00]) == Answer.allow)
        for bit in [17, 25, 26, 27, 28, 29, 30] {
            #expect(machine.run(clone, [1 << bit | 0x11]) == Answer.notPermitted, "\(bit)")
        }
        let old = Machine(try SeccompFilter(.standard, for: target(kernel: KernelRelease(major: 4, minor: 7))))
        #expect(machine.run(UInt32(number("ptrace"))) == Answer.allow)
        #expect(old.run(UInt32(number("ptrace"))) == Answer.notPermitted)
    }

    @Test func `calls newer than libseccomp are decided by number, and unknown ones do not exist`() throws {
        let machine = Machine(try SeccompFilter(.standard, for: target()))
        let administrator = Machine(try SeccompFilter(.standard, for: target(adding: [.sysAdmin])))
        for (base, token) in [(0, Machine.x86_64), (0, Machine.x86), (Machine.x32Bit, Machine.x86_64)] {
            #expect(machine.run(base + 452, on: token) == Answer.allow)
            #expect(machine.run(base + 466, on: token) == Answer.allow)
            #expect(administrator.run(base + 459, on: token) == Answer.allow)
            #expect(machine.run(base + 600, on: token) == Answer.noSuchCall)
            #expect(machine.run(base + 0x3fff_ffff, on: token) == Answer.noSuchCall)
        }
        #expect(machine.run(459) == Answer.noSuchCall)
        #expect(machine.run(0, on: 0x1234_5678) == 0)
    }

    @Test func `a profile that kills by default does not kill for calls that it cannot know`() throws {
        let profile = SeccompProfile(defaultAction: .killProcess).adding(.init(["exit", "landlock_restrict_self"]))
        let machine = Machine(try SeccompFilter(profile, for: target()))
        #expect(machine.run(UInt32(number("exit"))) == Answer.allow)
        #expect(machine.run(UInt32(number("read"))) == 0x8000_0000)
        #expect(machine.run(447) == Answer.noSuchCall)
    }

    @Test func `a native filter kills calls of other architectures`() throws {
        let filter = try SeccompFilter(.standard, for: .init(isNativeOnly: true))
        let machine = Machine(filter)
        #expect(machine.run(UInt32(number("read"))) == Answer.allow)
        #expect(machine.run(UInt32(number("read", on: "x86")), on: Machine.x86) == 0)
        #expect(machine.run(Machine.x32Bit) == 0)
        let all = try SeccompFilter(.standard, for: target())
        #expect(filter.instructions.count < all.instructions.count)
        #expect(all.instructions.count / 8 < 2000)
    }

    @Test func `it differs from podman's profile only in what is listed here`() throws {
        let text = try readBytes("/usr/share/containers/seccomp.json")
        let theirs = Machine(try SeccompFilter(SeccompProfile(json: text), for: target()))
        let ours = Machine(try SeccompFilter(.standard, for: target()))
        var (onlyOurs, onlyTheirs): (Set<String>, Set<String>) = ([], [])
        for value in Int32(0)...450 {
            guard let text = seccomp_syscall_resolve_num_arch(seccomp_arch_resolve_name("x86_64"), value) else {
                continue
            }
            let name = String(cString: text)
            free(text)
            switch (ours.run(UInt32(value)) == Answer.allow, theirs.run(UInt32(value)) == Answer.allow) {
            case (true, false): onlyOurs.insert(name)
            case (false, true): onlyTheirs.insert(name)
            default: continue
            }
        }
        // Newer than that profile, or forbidden there without need.
        #expect(onlyOurs == ["futex_waitv", "io_pgetevents", "vmsplice"])
        // Podman's containers may make user namespaces and mounts in them, and relies on the kernel's own checks.
        let namespaces: Set = [
            "clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
            "pivot_root", "setns", "umount2", "unshare",
        ]
        // Docker gives these for a capability (SYS_NICE, SYS_BOOT, SYS_PTRACE, SYSLOG), keyctl never.
        let guarded: Set = ["get_mempolicy", "mbind", "set_mempolicy", "reboot", "pidfd_getfd", "syslog", "keyctl"]
        #expect(onlyTheirs == namespaces.union(guarded))
    }
}
