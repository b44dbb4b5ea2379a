// SPDX-License-Identifier: Apache-2.0

import CSeccomp
import Glibc
import Linux

extension SeccompPlan {
    func compile() throws(SeccompProfileError) -> SeccompFilter {
        guard let context = seccomp_init(defaultAction) else {
            throw SeccompProfileError("defaultAction", "libseccomp refuses it")
        }
        defer { seccomp_release(context) }
        var tokens: [(name: String, token: UInt32)] = []
        for name in architectures {
            let token = seccomp_arch_resolve_name(name)
            if token == 0 { throw SeccompProfileError("architectures", "libseccomp does not know \"\(name)\"") }
            try Self.check(seccomp_arch_add(context, token), "architectures", "cannot add \(name)", or: -EEXIST)
            tokens.append((name, token))
        }
        let tree: UInt32 = 2
        let isTree = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, tree)
        try Self.check(isTree, "", "libseccomp is older than 2.5 and makes no binary tree")
        for rule in rules {
            let arguments = rule.arguments.map(\.native)
            for name in rule.names {
                let number = seccomp_syscall_resolve_name(name)
                if number == Self.unknownCall { continue }
                let result = seccomp_rule_add_array(context, rule.action, number, UInt32(arguments.count), arguments)
                try Self.check(result, rule.place, "cannot add a rule for \(name)")
            }
        }
        let code = SeccompPrologue(self, tokens).instructions + (try Self.export(context))
        if code.count > SeccompFilter.instructionLimit * 8 {
            throw SeccompProfileError(
                "syscalls",
                "\(code.count / 8) instructions, but the kernel takes at most \(SeccompFilter.instructionLimit)"
            )
        }
        return SeccompFilter(instructions: code, loadFlags: loadFlags)
    }

    /// What libseccomp says of a name that it does not know (`__NR_SCMP_ERROR`).
    static let unknownCall: Int32 = -1

    private static func check(
        _ result: Int32,
        _ place: String,
        _ action: String,
        or accepted: Int32 = 0
    ) throws(SeccompProfileError) {
        if result == 0 || result == accepted { return }
        throw SeccompProfileError(place, "\(action): libseccomp says \(SystemError.text(of: -result))")
    }

    /// libseccomp writes to a descriptor only.
    private static func export(_ context: scmp_filter_ctx) throws(SeccompProfileError) -> [UInt8] {
        do {
            let memory = try Descriptor.memory(named: "seccomp")
            let result = seccomp_export_bpf(context, memory.number)
            try SystemError.check(result, "seccomp_export_bpf")
            return try memory.contents(limit: 1 << 20)
        } catch {
            throw SeccompProfileError("", "cannot generate the filter: \(error)")
        }
    }
}

extension SeccompProfile.Argument {
    fileprivate var native: scmp_arg_cmp {
        let operation =
            switch comparison {
            case .notEqual: SCMP_CMP_NE
            case .less: SCMP_CMP_LT
            case .lessOrEqual: SCMP_CMP_LE
            case .equal: SCMP_CMP_EQ
            case .greaterOrEqual: SCMP_CMP_GE
            case .greater: SCMP_CMP_GT
            case .maskedEqual: SCMP_CMP_MASKED_EQ
            }
        return scmp_arg_cmp(arg: index, op: operation, datum_a: value, datum_b: valueTwo)
    }
}

/// The instructions in front of libseccomp's, for calls that libseccomp does not know; see ``SeccompFilter``.
struct SeccompPrologue {
    private(set) var instructions: [UInt8] = []

    /// Calls that got the same number on all architectures, after those that libseccomp 2.5.4 knows.
    private static let recentCalls: [String: UInt32] = [
        "cachestat": 451, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454, "futex_wait": 455,
        "futex_requeue": 456, "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460,
        "lsm_list_modules": 461, "mseal": 462, "setxattrat": 463, "getxattrat": 464, "listxattrat": 465,
        "removexattrat": 466, "open_tree_attr": 467, "file_getattr": 468, "file_setattr": 469, "listns": 470,
    ]

    private static let errnoAction: UInt32 = 0x0005_0000
    private static let x32Bit: UInt32 = 0x4000_0000
    /// `AUDIT_ARCH_…` is what libseccomp's tokens are, except that of x32, which shares x86_64's.
    private static let x86Token: UInt32 = 0xc000_003e

    init(_ plan: SeccompPlan, _ architectures: [(name: String, token: UInt32)]) {
        // Where unknown calls are allowed, logged or traced, or do not exist anyway, nothing is amiss.
        let missing = Self.errnoAction | UInt32(ENOSYS)
        let isPermissive = (0x7ff0_0000...0x7fff_ffff).contains(plan.defaultAction)
        if isPermissive || plan.defaultAction == missing { return }
        let recent = Self.recentActions(plan)
        emit(0x20, 4)
        let hasX32 = architectures.contains { $0.name == "x32" }
        for (name, token) in architectures where name != "x32" {
            var block = SeccompPrologue()
            block.emit(0x20, 0)
            if token == Self.x86Token {
                let native = Self.decisions(recent, newest: Self.newest(plan, token), missing)
                // Calls of x32 have a bit of their own set.
                block.emit(0x35, Self.x32Bit, ifTrue: native.count / 8, ifFalse: 0)
                block.instructions += native
                if hasX32 {
                    let x32 = Self.newest(plan, seccomp_arch_resolve_name("x32")) & ~Self.x32Bit
                    block.emit(0x54, ~Self.x32Bit)
                    block.instructions += Self.decisions(recent, newest: x32, missing)
                }
            } else {
                block.instructions += Self.decisions(recent, newest: Self.newest(plan, token), missing)
            }
            blocks.append((token, block.instructions))
        }
        var left = blocks.reduce(0) { $0 + $1.code.count / 8 + 2 }
        for (token, code) in blocks {
            left -= code.count / 8 + 2
            emit(0x15, token, ifTrue: 0, ifFalse: code.count / 8 + 1)
            instructions += code
            // On to libseccomp's part, past the blocks of the other architectures.
            emit(0x05, UInt32(left))
        }
    }

    private var blocks: [(token: UInt32, code: [UInt8])] = []

    private init() {}

    /// The actions of calls that libseccomp does not know, by number; a rule that looks at arguments gives none.
    private static func recentActions(_ plan: SeccompPlan) -> [(number: UInt32, action: UInt32)] {
        var actions: [UInt32: UInt32] = [:]
        for rule in plan.rules where rule.arguments.isEmpty {
            for name in rule.names where seccomp_syscall_resolve_name(name) == SeccompPlan.unknownCall {
                if let number = recentCalls[name] { actions[number] = rule.action }
            }
        }
        return actions.map { (number: $0, action: $1) }.sorted { $0.number < $1.number }
    }

    /// The highest number that a name of the profile has on an architecture.
    private static func newest(_ plan: SeccompPlan, _ token: UInt32) -> UInt32 {
        let numbers = plan.names.map { seccomp_syscall_resolve_name_arch(token, $0) }
        return UInt32(max(numbers.max() ?? 0, 0))
    }

    /// With the number loaded: ends with a recent call's action or with "no such call", or falls out at the end.
    private static func decisions(
        _ recent: [(number: UInt32, action: UInt32)],
        newest: UInt32,
        _ missing: UInt32
    ) -> [UInt8] {
        var code = SeccompPrologue()
        var rest = recent[...]
        while let first = rest.first {
            var last = first.number
            rest.removeFirst()
            while let following = rest.first, following.number == last + 1, following.action == first.action {
                last += 1
                rest.removeFirst()
            }
            code.emit(0x35, first.number, ifTrue: 0, ifFalse: 2)
            code.emit(0x25, last, ifTrue: 1, ifFalse: 0)
            code.emit(0x06, first.action)
        }
        code.emit(0x25, newest, ifTrue: 0, ifFalse: 1)
        code.emit(0x06, missing)
        return code.instructions
    }

    private mutating func emit(_ operation: UInt16, _ value: UInt32, ifTrue: Int = 0, ifFalse: Int = 0) {
        withUnsafeBytes(of: operation) { instructions += $0 }
        instructions += [UInt8(ifTrue), UInt8(ifFalse)]
        withUnsafeBytes(of: value) { instructions += $0 }
    }
}
