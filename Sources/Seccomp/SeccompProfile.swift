// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Which system calls a container may make: Docker's profiles and the `linux.seccomp` of the OCI runtime specification.
///
/// The names and numbers are those of both formats, so that a specification's value maps onto this field by field.
package struct SeccompProfile: Hashable, Sendable {
    /// What happens on a call.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case allow = "SCMP_ACT_ALLOW"
        case errno = "SCMP_ACT_ERRNO"
        /// As ``killThread``.
        case kill = "SCMP_ACT_KILL"
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        case killThread = "SCMP_ACT_KILL_THREAD"
        case log = "SCMP_ACT_LOG"
        case trace = "SCMP_ACT_TRACE"
        case trap = "SCMP_ACT_TRAP"
    }

    /// How an argument is compared.
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        /// The argument under the mask `value` equals `valueTwo`.
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    /// A condition on an argument.
    package struct Argument: Hashable, Sendable {
        /// Which argument, 0 to 5.
        package var index: UInt32
        package var value: UInt64
        package var valueTwo: UInt64
        package var comparison: Comparison

        package init(_ index: UInt32, _ comparison: Comparison, _ value: UInt64, _ valueTwo: UInt64 = 0) {
            self.index = index
            self.comparison = comparison
            self.value = value
            self.valueTwo = valueTwo
        }
    }

    /// What a rule depends on.
    package struct Filter: Hashable, Sendable {
        /// Names of capabilities; one that is unknown here is never held.
        package var capabilities: [String] = []
        /// Names of architectures in Go's words: `amd64`, `arm64`.
        package var architectures: [String] = []
        package var minimumKernel: KernelRelease?

        package init() {}
    }

    /// What happens on some calls.
    package struct Rule: Hashable, Sendable {
        /// Names of system calls; those that libseccomp does not know are passed over.
        package var names: [String]
        package var action: Action
        /// The `errno` value of ``Action/errno`` and the message of ``Action/trace``; nil is `EPERM`.
        package var errno: UInt16?
        /// The conditions, which must all hold; several on one argument are alternatives.
        package var arguments: [Argument] = []
        package var includes = Filter()
        package var excludes = Filter()

        package init(_ names: [String], _ action: Action = .allow, errno: UInt16? = nil) {
            self.names = names
            self.action = action
            self.errno = errno
        }
    }

    /// The architectures that go with a native one.
    package struct ArchitectureMap: Hashable, Sendable {
        package var native: String
        package var others: [String]

        package init(native: String, others: [String]) {
            self.native = native
            self.others = others
        }
    }

    /// What happens on a call that no rule speaks of.
    package var defaultAction: Action
    /// The `errno` value of the default action; nil is `EPERM`.
    package var defaultErrno: UInt16?
    /// Names such as `SCMP_ARCH_X86_64`; the native one is always added.
    package var architectures: [String] = []
    /// Docker's alternative to ``architectures``.
    package var architectureMap: [ArchitectureMap] = []
    /// Flags of seccomp(2), such as `SECCOMP_FILTER_FLAG_LOG`.
    package var flags: [String] = []
    package var rules: [Rule] = []

    package init(defaultAction: Action, defaultErrno: UInt16? = nil) {
        self.defaultAction = defaultAction
        self.defaultErrno = defaultErrno
    }
}

/// What is wrong with a profile, and where in it.
package struct SeccompProfileError: Error, Equatable, CustomStringConvertible {
    /// The place: `syscalls[3].args[0].op`; empty for the document as a whole.
    package var field: String
    /// What is wrong, and what would be right.
    package var reason: String

    package init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    package var description: String {
        "seccomp profile\(field.isEmpty ? "" : ", \(field)"): \(reason)"
    }
}
