// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Glibc
import TestSupport
import Testing

@testable import Runtime

/// Memory that ends at a page nobody may touch, so that reading one byte too many ends the test.
private final class GuardedBlock {
    let end: UnsafeMutableRawPointer
    private let start: UnsafeMutableRawPointer
    private let length: Int

    init(room: Int) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        length = (room + page - 1) / page * page + page
        let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw SystemFailure("map", "memory") }
        start = memory
        end = memory + (length - page)
        if mprotect(end, page, PROT_NONE) != 0 { throw SystemFailure("protect", "memory") }
    }

    deinit { munmap(start, length) }
}

/// Numbers that are the same at every run.
private struct Sequence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 31
    }
}

@Suite struct `Damaged plans` {
    private func plan() throws -> [UInt64] {
        var builder = PlanBuilder()
        let slot = builder.open("/a", in: .none, flags: 0, resolve: 0)
        builder.add(CSANDBOX_WRITE, "write", slot, text: "name", second: "value")
        builder.add(CSANDBOX_FORK_SIBLING, "clone3", text: "0 1 2", second: "3 4 5")
        builder.setGroups([1, 2, 3])
        builder.installFilter([UInt8](repeating: 6, count: 16), flags: 0)
        builder.setMaps(user: "0 1 2", group: "3 4 5")
        builder.exec(candidates: ["/bin/a", "/bin/b"], arguments: ["a", "b"], environment: ["C=d"])
        return try builder.build().bytes
    }

    @Test func `are read only where they are, and accepted only where all they name is inside`() throws {
        let plan = try plan()
        let size = plan.count * 8
        let memory = try GuardedBlock(room: size)
        let start = memory.end - size
        var random = Sequence(state: 7)
        var (accepted, refused) = (0, 0)
        for _ in 0..<50_000 {
            plan.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: start, count: size).copyMemory(from: $0) }
            for _ in 0..<Int.random(in: 1...4, using: &random) { damage(start, size, &random) }
            // A plan may also be shorter than it says; then it starts later.
            let cut = Bool.random(using: &random) ? 0 : Int.random(in: 0...size / 8, using: &random) * 8
            var fault: UInt32 = 0
            if csandbox_check(start + cut, size - cut, &fault) == 0 {
                accepted += 1
                try #require(namesOnlyWhatIsInside(start + cut, size - cut))
            } else {
                refused += 1
            }
        }
        #expect(accepted > 100 && refused > 100)
    }

    @Test(arguments: [0x100, 0x200, 0x400, 0x800, 0x1_0000, 0x8_0000, 0x40_0000, 0x2_0000_0000, 1 << 63] as [UInt64])
    func `that would share something of the launcher are refused`(flag: UInt64) throws {
        var plan = try plan()
        plan[2] |= flag
        var fault: UInt32 = 0
        let result = try plan.withUnsafeBytes { csandbox_check(try #require($0.baseAddress), $0.count, &fault) }
        #expect(result == -EINVAL)
    }

    private func damage(_ start: UnsafeMutableRawPointer, _ size: Int, _ random: inout Sequence) {
        let place = Int.random(in: 0..<size, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: start.storeBytes(of: UInt8.random(in: 0...255, using: &random), toByteOffset: place, as: UInt8.self)
        case 1: start.storeBytes(of: UInt32.max, toByteOffset: place & ~3, as: UInt32.self)
        default:
            let small = UInt32.random(in: 0...400, using: &random)
            start.storeBytes(of: small, toByteOffset: place & ~3, as: UInt32.self)
        }
    }

    /// Reads everything that the interpreter would read of a plan.
    private func namesOnlyWhatIsInside(_ start: UnsafeMutableRawPointer, _ size: Int) -> Bool {
        let header = start.load(as: csandbox_header.self)
        let operations = start + MemoryLayout<csandbox_header>.size
        let pool = operations + Int(header.operation_count) * MemoryLayout<csandbox_operation>.stride
        guard pool + Int(header.pool_size) == start + size else { return false }
        for index in 0..<Int(header.operation_count) {
            let operation = operations.load(
                fromByteOffset: index * MemoryLayout<csandbox_operation>.stride,
                as: csandbox_operation.self
            )
            guard operation.code > 0, operation.code < CSANDBOX_CODE_END.rawValue else { return false }
            guard operation.code == CSANDBOX_EXEC.rawValue else { continue }
            for vector in [operation.x, operation.y, operation.z] {
                for number in 0..<Int(vector >> 32) {
                    let text = pool.load(
                        fromByteOffset: Int(UInt32(truncatingIfNeeded: vector)) + number * 4,
                        as: UInt32.self
                    )
                    guard strlen((pool + Int(text)).assumingMemoryBound(to: CChar.self)) < size else { return false }
                }
            }
        }
        return true
    }
}
