// SPDX-License-Identifier: Apache-2.0

/// A program of type `BPF_PROG_TYPE_CGROUP_DEVICE` that decides by device rules.
///
/// For each kind of access that is asked the last rule that speaks of it decides. The program walks the rules from the
/// last to the first with the accesses that are still undecided in r2: a rule that denies one of them ends with 0, a
/// rule that allows takes its own away and ends with 1 when none is left.
struct DeviceProgram {
    /// Instructions of eight bytes, as the kernel loads them.
    private(set) var code: [UInt64] = []

    /// Generates the program.
    ///
    /// - Parameter rules: The rules in order, for a group that may use every device at first.
    init(_ rules: [DeviceRule]) {
        // r2 = accesses, r3 = kind, r4 = major, r5 = minor; the context holds accesses << 16 | kind, major, minor.
        load(2, from: 0)
        move(3, register: 2)
        immediate(Operation.and, 3, 0xffff)
        immediate(Operation.shiftRight, 2, 16)
        load(4, from: 4)
        load(5, from: 8)
        // A look that asks no access, access(2) with F_OK for example, needs no permission.
        end(with: 1, when: Operation.jumpIfNotEqual, 2, 0)
        // Nothing before a rule that speaks of everything counts.
        let isTotal = { (rule: DeviceRule) in
            rule.kind == .all && rule.major == nil && rule.minor == nil && rule.access == .all
        }
        let first = rules.lastIndex(where: isTotal)
        for rule in rules[(first.map { $0 + 1 } ?? 0)...].reversed() { append(rule) }
        emit(Operation.moveImmediate, 0, first.map { rules[$0].allows ? 1 : 0 } ?? 1)
        emit(Operation.exit)
    }

    private mutating func append(_ rule: DeviceRule) {
        var body = DeviceProgram()
        if rule.allows {
            body.immediate(Operation.and, 2, Int32(bitPattern: ~rule.access.rawValue))
            body.end(with: 1, when: Operation.jumpIfNotEqual, 2, 0)
        } else {
            body.move(1, register: 2)
            body.immediate(Operation.and, 1, Int32(bitPattern: rule.access.rawValue))
            body.end(with: 0, when: Operation.jumpIfEqual, 1, 0)
        }
        var conditions: [(register: UInt8, value: UInt32)] = []
        // BPF_DEVCG_DEV_BLOCK and BPF_DEVCG_DEV_CHAR.
        if rule.kind != .all { conditions.append((3, rule.kind == .block ? 1 : 2)) }
        if let major = rule.major { conditions.append((4, major)) }
        if let minor = rule.minor { conditions.append((5, minor)) }
        for (index, condition) in conditions.enumerated() {
            let skipped = conditions.count - index - 1 + body.code.count
            emit(Operation.jumpIfNotEqual, condition.register, offset: skipped, Int32(bitPattern: condition.value))
        }
        code += body.code
    }

    private init() {}

    /// Opcodes of linux/bpf.h; arithmetic and jumps are those of 32 bits, on an immediate value.
    private enum Operation {
        static let loadWord: UInt8 = 0x61
        static let moveRegister: UInt8 = 0xbc
        static let moveImmediate: UInt8 = 0xb7
        static let and: UInt8 = 0x54
        static let shiftRight: UInt8 = 0x74
        static let jumpIfEqual: UInt8 = 0x16
        static let jumpIfNotEqual: UInt8 = 0x56
        static let exit: UInt8 = 0x95
    }

    private mutating func emit(
        _ operation: UInt8,
        _ destination: UInt8 = 0,
        source: UInt8 = 0,
        offset: Int = 0,
        _ value: Int32 = 0
    ) {
        let registers = UInt64(source << 4 | destination) << 8
        let jump = UInt64(UInt16(bitPattern: Int16(offset))) << 16
        let instruction = UInt64(operation) | registers | jump | UInt64(UInt32(bitPattern: value)) << 32
        code.append(instruction.littleEndian)
    }

    private mutating func load(_ register: UInt8, from offset: Int) {
        emit(Operation.loadWord, register, source: 1, offset: offset)
    }

    private mutating func move(_ register: UInt8, register source: UInt8) {
        emit(Operation.moveRegister, register, source: source)
    }

    private mutating func immediate(_ operation: UInt8, _ register: UInt8, _ value: Int32) {
        emit(operation, register, value)
    }

    /// Ends the program, unless the jump is taken.
    private mutating func end(with result: Int32, when jump: UInt8, _ register: UInt8, _ value: Int32) {
        emit(jump, register, offset: 2, value)
        emit(Operation.moveImmediate, 0, result)
        emit(Operation.exit)
    }
}
