// SPDX-License-Identifier: Apache-2.0

import CSeccomp
import Glibc
import Linux
import OCI
import Runtime
import Seccomp
import TestSupport
import Testing

@Suite struct `System calls in a container` {
    /// Makes the call of the arguments and prints its `errno` value, or 0.
    private static let program = """
        my @call = map { 0 + $_ } @ARGV; $! = 0;
        my $result = syscall($call[0], @call[1..$#call]);
        print $result == -1 ? 0 + $! : 0;
        """

    private static let newUTS: UInt64 = 0x400_0000
    private static func command(_ name: String, _ arguments: [UInt64]) -> [String] {
        ["/usr/bin/perl", "-e", program] + ["\(seccomp_syscall_resolve_name(name))"] + arguments.map { "\($0)" }
    }

    /// A container with the host's perl in it.
    private static func container(_ command: [String], capabilities: CapabilitySet) throws -> TestContainer {
        var container = try TestContainer(command)
        container.specification.mounts += [("/usr", "/usr"), ("/lib", "/lib"), ("/lib64", "/lib64")].map {
            place,
            source in
            RuntimeSpec.Mount(destination: place, type: "bind", source: source, options: ["rbind", "ro"])
        }
        container.specification.process?.capabilities = RuntimeSpec.Capabilities(containing: capabilities)
        return container
    }

    private static let administrator = CapabilitySet.containerDefault.union(CapabilitySet([.sysAdmin]))

    @Test(
        arguments: [
            ("unshare", [newUTS], EPERM, 0),
            ("mount", [0, 0, 0, 0, 0], EPERM, EFAULT),
            ("setns", [1_000_000, 0], EPERM, EBADF),
            ("clone3", [0, 0], ENOSYS, EINVAL),
            ("fsopen", [0, 0], EPERM, EFAULT),
            ("bpf", [9999, 0, 0], EPERM, EINVAL),
            ("keyctl", [0, UInt64(UInt32(bitPattern: -3)), 0], EPERM, EPERM),
            ("socket", [38, 5, 0], EPERM, EPERM),
            ("socket", [1, 1, 0], 0, 0),
            ("personality", [0x40000], EPERM, EPERM),
            ("getpid", [], 0, 0),
        ] as [(String, [UInt64], Int32, Int32)]
    )
    func `are those of the standard profile, without and with the capability of an administrator`(
        name: String,
        arguments: [UInt64],
        plain: Int32,
        administrator: Int32
    ) throws {
        let command = Self.command(name, arguments)
        for (capabilities, answer) in [(CapabilitySet.containerDefault, plain), (Self.administrator, administrator)] {
            var container = try Self.container(command, capabilities: capabilities)
            let host = try TestHost(container.specification, profile: .standard)
            #expect(try container.run(on: host) == .init(end: .exit(0), output: "\(answer)"))
        }
    }

    @Test(arguments: [false, true])
    func `also are for a program that joins, with and without new privileges`(noNewPrivileges: Bool) throws {
        var container = try Self.container(["sleep", "1000"], capabilities: .containerDefault)
        container.specification.process?.noNewPrivileges = noNewPrivileges
        let host = try TestHost(container.specification, profile: .standard)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe)
        let unshare = try container.exec(Self.command("unshare", [Self.newUTS]), in: running, on: host)
        #expect(unshare == .init(end: .exit(0), output: "\(EPERM)"))
        let status = try container.exec(
            ["grep", "-E", "^(Seccomp|NoNewPrivs)", "/proc/self/status"],
            in: running,
            on: host
        )
        #expect(status.output == "NoNewPrivs:\t\(noNewPrivileges ? 1 : 0)\nSeccomp:\t2\nSeccomp_filters:\t1\n")
    }

    @Test func `are those of a profile in the specification`() throws {
        var container = try Self.container(Self.command("sysinfo", [1]), capabilities: .containerDefault)
        var seccomp = RuntimeSpec.Seccomp(defaultAction: .allow)
        seccomp.syscalls = [RuntimeSpec.Seccomp.Rule(names: ["sysinfo"], action: .errno, errnoRet: 95)]
        seccomp.flags = [.log]
        container.specification.linux?.seccomp = seccomp
        let host = try TestHost(container.specification)
        #expect(try container.run(on: host).output == "95")
    }

    @Test func `are those of a profile of the user's own`() throws {
        let json = """
            {"defaultAction": "SCMP_ACT_ALLOW",
             "syscalls": [{"names": ["sysinfo"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77,
                           "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}
            """
        let profile = try SeccompProfile(json: Array(json.utf8))
        for (capabilities, answer) in [(CapabilitySet.containerDefault, 77), (Self.administrator, EFAULT)] {
            var container = try Self.container(Self.command("sysinfo", [1]), capabilities: capabilities)
            let host = try TestHost(container.specification, profile: profile)
            #expect(try container.run(on: host).output == "\(answer)")
        }
    }

    @Test func `a profile that makes no sense is refused with its place, before there is a group`() throws {
        var container = try TestContainer()
        var seccomp = RuntimeSpec.Seccomp(defaultAction: .allow)
        seccomp.architectures = ["X86"]
        container.specification.linux?.seccomp = seccomp
        let error = #expect(throws: LaunchError.self) { _ = try TestHost(container.specification) }
        #expect(error?.description.hasPrefix("linux.seccomp.architectures[0]: unknown architecture") == true)
    }
}
