// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Seccomp

@Suite struct `Filters in the kernel` {
    /// Installs the filter in the file of the first argument, then makes the call of the other arguments and prints its
    /// `errno` value, or 0.
    private static let program = """
        my $path = shift; open(F, '<:raw', $path) or die; my $bpf = join '', <F>; close F;
        $SIG{SYS} = sub { print "trapped "; };
        syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs $!";
        syscall(317, 1, 0, pack('S x6 P', length($bpf) / 8, $bpf)) == 0 or die "seccomp $!";
        my @call = map { 0 + $_ } @ARGV; $! = 0;
        my $result = syscall($call[0], @call[1..$#call]);
        print $result == -1 ? 0 + $! : 0;
        """

    /// What a process sees that makes a call under a filter.
    private func call(
        _ name: String,
        _ arguments: [UInt64] = [],
        under filter: SeccompFilter
    ) throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write("filter", bytes: filter.instructions)
        let number = "\(number(name))"
        return try Command(
            "/usr/bin/perl",
            ["-e", Self.program, scratch / "filter", number] + arguments.map { "\($0)" }
        ).run()
    }

    private static let newUTS: UInt64 = 0x400_0000

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
            ("socket", [40, 1, 0], EPERM, EPERM),
            ("socket", [1, 1, 0], 0, 0),
            ("personality", [0x40000], EPERM, EPERM),
            ("personality", [0xffff_ffff], 0, 0),
            ("io_uring_setup", [0, 0], EPERM, EPERM),
            ("getpid", [], 0, 0),
            ("close", [1_000_000], EBADF, EBADF),
        ] as [(String, [UInt64], Int32, Int32)]
    )
    func `a call is what the standard profile says, without and with the capability of an administrator`(
        name: String,
        arguments: [UInt64],
        plain: Int32,
        administrator: Int32
    ) throws {
        let cache = SeccompFilterCache()
        let without = try call(name, arguments, under: cache.filter(for: .standard))
        #expect(without.end == .exit(0), "\(without.errors)")
        #expect(without.output == "\(plain)")
        let capabilities = CapabilitySet.containerDefault.union(CapabilitySet([.sysAdmin]))
        let with = try call(
            name,
            arguments,
            under: cache.filter(for: .standard, target: .init(capabilities: capabilities))
        )
        #expect(with.output == "\(administrator)", "\(with.errors)")
    }

    @Test(arguments: [
        (SeccompProfile.Rule(["sysinfo"], .errno, errno: 95), Command.End.exit(0), "95"),
        (.init(["sysinfo"], .errno), .exit(0), "1"),
        (.init(["sysinfo"], .killProcess), .signal(Int(SIGSYS)), ""),
        (.init(["sysinfo"], .kill), .signal(Int(SIGSYS)), ""),
        (.init(["sysinfo"], .log), .exit(0), "14"),
        (.init(["sysinfo"], .trace, errno: 3), .exit(0), "38"),
        (.init(["no_such_call", "sysinfo"], .errno, errno: 7), .exit(0), "7"),
        (.init(["no_such_call"], .errno, errno: 7), .exit(0), "14"),
    ])
    func `a profile of one's own has its way`(
        rule: SeccompProfile.Rule,
        end: Command.End,
        output: String
    ) throws {
        let filter = try SeccompFilter(SeccompProfile(defaultAction: .allow).adding(rule), for: .init())
        let outcome = try call("sysinfo", [1], under: filter)
        #expect(outcome.end == end, "\(outcome.errors)")
        #expect(outcome.output == output)
    }

    @Test func `a trap is a signal that the program may catch`() throws {
        let profile = SeccompProfile(defaultAction: .allow).adding(.init(["sysinfo"], .trap))
        let outcome = try call("sysinfo", [1], under: SeccompFilter(profile, for: .init()))
        #expect(outcome.output.hasPrefix("trapped "))
    }

    @Test(
        arguments: [
            (.notEqual, 5, [5: false, 6: true]),
            (.less, 5, [4: true, 5: false]),
            (.lessOrEqual, 5, [5: true, 6: false]),
            (.equal, 5, [5: true, 4: false]),
            (.greaterOrEqual, 5, [5: true, 4: false]),
            (.greater, 5, [5: false, 6: true]),
            (.maskedEqual, 6, [0x44: true, 0x46: false]),
        ] as [(SeccompProfile.Comparison, UInt64, [UInt64: Bool])]
    )
    func `an argument is compared`(comparison: SeccompProfile.Comparison, value: UInt64, answers: [UInt64: Bool]) throws
    {
        var rule = SeccompProfile.Rule(["close"], .errno, errno: 95)
        rule.arguments = [.init(0, comparison, value + 1000, 4)]
        if comparison == .maskedEqual { rule.arguments = [.init(0, comparison, value, 4)] }
        let filter = try SeccompFilter(SeccompProfile(defaultAction: .allow).adding(rule), for: .init())
        for (argument, matches) in answers {
            let offset: UInt64 = comparison == .maskedEqual ? 0 : 1000
            let outcome = try call("close", [argument + offset], under: filter)
            #expect(outcome.output == (matches ? "95" : "\(EBADF)"), "\(argument)")
        }
    }

    @Test func `conditions on one argument are alternatives, on several they add up`() throws {
        var alternatives = SeccompProfile.Rule(["dup2"], .errno, errno: 95)
        alternatives.arguments = [.init(0, .equal, 2001), .init(0, .equal, 2002)]
        var both = SeccompProfile.Rule(["dup3"], .errno, errno: 95)
        both.arguments = [.init(0, .equal, 2001), .init(1, .equal, 2002)]
        let profile = SeccompProfile(defaultAction: .allow).adding(alternatives).adding(both)
        let filter = try SeccompFilter(profile, for: .init())
        for (name, arguments, expected) in [
            ("dup2", [2001, 9], 95), ("dup2", [2002, 9], 95), ("dup2", [2003, 9], EBADF),
            ("dup3", [2001, 2002, 0], 95), ("dup3", [2001, 2003, 0], EBADF),
        ] as [(String, [UInt64], Int32)] {
            #expect(try call(name, arguments, under: filter).output == "\(expected)", "\(name) \(arguments)")
        }
    }

    @Test func `the file of the cache is what the kernel takes`() throws {
        let scratch = try Scratch()
        _ = try SeccompFilterCache(directory: scratch.path).filter(for: .standard)
        let read = try SeccompFilterCache(directory: scratch.path).filter(for: .standard)
        #expect(try call("unshare", [Self.newUTS], under: read).output == "\(EPERM)")
    }
}
