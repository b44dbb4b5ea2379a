// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
    /// A filter of system calls.
    package struct Seccomp: Codable, Equatable, Sendable {
        package enum Action: String, Codable, Sendable {
            /// The same as ``killThread``.
            case kill = "SCMP_ACT_KILL"
            case killProcess = "SCMP_ACT_KILL_PROCESS"
            case killThread = "SCMP_ACT_KILL_THREAD"
            case trap = "SCMP_ACT_TRAP"
            case errno = "SCMP_ACT_ERRNO"
            case trace = "SCMP_ACT_TRACE"
            case allow = "SCMP_ACT_ALLOW"
            case log = "SCMP_ACT_LOG"
            case notify = "SCMP_ACT_NOTIFY"
        }

        /// What seccomp(2) takes; any but these is an error.
        package enum Flag: String, Codable, Sendable {
            case threadSync = "SECCOMP_FILTER_FLAG_TSYNC"
            case log = "SECCOMP_FILTER_FLAG_LOG"
            case allowSpeculation = "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
            case waitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
        }

        package enum Operator: String, Codable, Sendable {
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            /// The argument and ``Argument/value`` is ``Argument/valueTwo``.
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        /// A condition on an argument of a call.
        package struct Argument: Codable, Equatable, Sendable {
            /// From 0 to 5.
            package var index: UInt
            package var value: UInt64
            @OmittedWhenEmpty package var valueTwo: UInt64
            package var op: Operator

            package init(index: UInt, value: UInt64, valueTwo: UInt64 = 0, op: Operator) {
                self.index = index
                self.value = value
                self.valueTwo = valueTwo
                self.op = op
            }
        }

        /// What happens on some calls whose arguments meet all conditions.
        package struct Rule: Codable, Equatable, Sendable {
            package var names: [String]
            package var action: Action
            /// What ``Action/errno`` or ``Action/trace`` gives; nil: `EPERM`.
            package var errnoRet: UInt?
            @OmittedWhenEmpty package var args: [Argument]

            package init(names: [String], action: Action, errnoRet: UInt? = nil, args: [Argument] = []) {
                self.names = names
                self.action = action
                self.errnoRet = errnoRet
                self.args = args
            }
        }

        /// What happens on a call that no rule is for.
        package var defaultAction: Action
        /// What the default action gives; nil: `EPERM`.
        package var defaultErrnoRet: UInt?
        /// libseccomp's names, as `SCMP_ARCH_X86_64`; empty: that of the machine.
        @OmittedWhenEmpty package var architectures: [String]
        @OmittedWhenEmpty package var flags: [Flag]
        /// The socket to which the notification descriptor is sent.
        @OmittedWhenEmpty package var listenerPath: String
        @OmittedWhenEmpty package var listenerMetadata: String
        @OmittedWhenEmpty package var syscalls: [Rule]

        package init(defaultAction: Action) {
            self.defaultAction = defaultAction
        }
    }
}
