// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Seccomp

@Suite struct `The cache of filters` {
    /// A profile that compiles in no time.
    private static let small = SeccompProfile(defaultAction: .allow).adding(.init(["keyctl"], .errno))

    @Test func `a filter is compiled once and read from the directory after that`() throws {
        let scratch = try Scratch()
        let first = try SeccompFilterCache(directory: scratch.path).filter(for: .standard)
        let files = names(in: scratch.path)
        #expect(files.count == 1)
        // A filter that can only come from the file: the same key, other instructions.
        let plan = try SeccompPlan(.standard, for: .init())
        let marked = Array(first.instructions.dropLast(8))
        try SeccompFile(key: plan.key, instructions: marked).write(to: scratch.path)
        #expect(names(in: scratch.path) == files)
        #expect(try SeccompFilterCache(directory: scratch.path).filter(for: .standard).instructions == marked)
    }

    @Test func `profiles, capabilities, architectures and kernels have filters of their own`() throws {
        let scratch = try Scratch()
        let cache = SeccompFilterCache(directory: scratch.path)
        let filters = [
            try cache.filter(for: .standard),
            try cache.filter(for: .standard, target: .init(capabilities: .all)),
            try cache.filter(for: .standard, target: .init(isNativeOnly: true)),
            try cache.filter(for: .standard, target: .init(kernel: KernelRelease(major: 4, minor: 0))),
            try cache.filter(for: Self.small),
        ]
        for index in filters.indices {
            for other in filters.indices where other != index { #expect(filters[index] != filters[other]) }
        }
        #expect(names(in: scratch.path).count == filters.count)
    }

    @Test(arguments: 0..<6)
    func `a damaged file is made anew`(kind: Int) throws {
        let scratch = try Scratch()
        let good = try SeccompFilterCache(directory: scratch.path).filter(for: Self.small)
        let file = try #require(names(in: scratch.path).first)
        var bytes = try readBytes(scratch / file)
        let intact = bytes
        switch kind {
        case 0: bytes = []
        case 1: bytes.removeLast()
        case 2: bytes.removeLast(8)
        case 3: bytes += [UInt8](repeating: 6, count: 8 * 5000)
        case 4: bytes[bytes.count - 3] ^= 1
        default: bytes[bytes.count / 2] ^= 0x20
        }
        try scratch.write(file, bytes: bytes)
        #expect(try SeccompFilterCache(directory: scratch.path).filter(for: Self.small) == good)
        #expect(try readBytes(scratch / file) == intact)
    }

    @Test(arguments: [0o622, 0o660] as [mode_t])
    func `a file that others could have written is made anew`(mode: mode_t) throws {
        let scratch = try Scratch()
        _ = try SeccompFilterCache(directory: scratch.path).filter(for: Self.small)
        let file = scratch / (try #require(names(in: scratch.path).first))
        #expect(chmod(file, mode) == 0)
        _ = try SeccompFilterCache(directory: scratch.path).filter(for: Self.small)
        var status = stat()
        #expect(stat(file, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `a file of another profile under the same name is not used`() throws {
        let scratch = try Scratch()
        let good = try SeccompFilterCache(directory: scratch.path).filter(for: Self.small)
        let file = try #require(names(in: scratch.path).first)
        let other = try Scratch()
        _ = try SeccompFilterCache(directory: other.path)
            .filter(for: SeccompProfile(defaultAction: .allow).adding(.init(["kexec_load"], .errno)))
        let theirs = try #require(names(in: other.path).first)
        try scratch.write(file, bytes: try readBytes(other / theirs))
        #expect(try SeccompFilterCache(directory: scratch.path).filter(for: Self.small) == good)
    }

    @Test func `a directory that is not there is no error`() throws {
        let cache = SeccompFilterCache(directory: "/nonexistent/wharf")
        #expect(try cache.filter(for: Self.small) == SeccompFilter(Self.small, for: .init()))
    }

    @Test func `many may ask at once`() async throws {
        let scratch = try Scratch()
        let expected = try SeccompFilter(.standard, for: .init())
        try await withThrowingTaskGroup(of: SeccompFilter.self) { tasks in
            for _ in 0..<16 {
                tasks.addTask { try SeccompFilterCache(directory: scratch.path).filter(for: .standard) }
            }
            for try await filter in tasks { #expect(filter == expected) }
        }
        #expect(names(in: scratch.path).count == 1)
    }
}

extension SeccompProfile {
    /// The profile with another rule at its end.
    func adding(_ rule: Rule) -> SeccompProfile {
        var profile = self
        profile.rules.append(rule)
        return profile
    }
}
