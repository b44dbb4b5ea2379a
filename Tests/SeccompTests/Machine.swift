// SPDX-License-Identifier: Apache-2.0

@testable import Seccomp

/// The kernel's interpreter of a filter, as far as libseccomp and our prologue use it.
struct Machine {
    /// `AUDIT_ARCH_X86_64`, `AUDIT_ARCH_I386`.
    static let (x86_64, x86): (UInt32, UInt32) = (0xc000_003e, 0x4000_0003)
    static let x32Bit: UInt32 = 0x4000_0000

    private let code: [(operation: UInt16, ifTrue: Int, ifFalse: Int, value: UInt32)]

    init(_ filter: SeccompFilter) {
        code = stride(from: 0, to: filter.instructions.count, by: 8).map { start in
            let bytes = filter.instructions[start..<start + 8].map(UInt32.init)
            return (
                UInt16(bytes[0] | bytes[1] << 8), Int(bytes[2]), Int(bytes[3]),
                bytes[4] | bytes[5] << 8 | bytes[6] << 16 | bytes[7] << 24
            )
        }
    }

    /// What the filter answers; nil for an instruction that is unknown here or a jump out of the program.
    func run(_ number: UInt32, _ arguments: [UInt64] = [], on architecture: UInt32 = x86_64) -> UInt32? {
        var words = [number, architecture, 0, 0]
        for index in 0..<6 {
            let argument = index < arguments.count ? arguments[index] : 0
            words += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
        }
        var (accumulator, position): (UInt32, Int) = (0, 0)
        while position < code.count {
            let (operation, ifTrue, ifFalse, value) = code[position]
            position += 1
            switch operation {
            case 0x20: accumulator = words[Int(value) / 4]
            case 0x54: accumulator &= value
            case 0x05: position += Int(value)
            case 0x15: position += accumulator == value ? ifTrue : ifFalse
            case 0x25: position += accumulator > value ? ifTrue : ifFalse
            case 0x35: position += accumulator >= value ? ifTrue : ifFalse
            case 0x06: return value
            default: return nil
            }
        }
        return nil
    }
}

/// Answers of a filter.
enum Answer {
    static let allow: UInt32 = 0x7fff_0000
    static let notPermitted: UInt32 = 0x5_0001
    static let noSuchCall: UInt32 = 0x5_0026
}
