// SPDX-License-Identifier: Apache-2.0

/// Why something could not be done to a control group.
package struct ControlGroupError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Equatable, Sendable {
        /// There is a group of that name already.
        case exists
        /// The group is not there.
        case missing
        /// The machine has no controller, or the kernel no file, for what was asked.
        case unsupported
        /// The kernel said no to a value.
        case refused
        /// The value makes no sense, whatever the kernel.
        case invalid
        /// Processes did not go away, or did not stop, in time.
        case busy
        /// Any other failure of a system call.
        case failed
    }

    /// The kind of failure.
    package var code: Code
    /// What was tried, `set memory.limit to 4096` for example.
    package var action: String
    /// The limit by its name in the OCI runtime specification's `linux.resources`; nil where it is about none.
    package var limit: String?
    /// The file or directory it was tried on; empty where it did not come so far.
    package var file: String
    /// What the system answered, and what to do about it.
    package var reason: String
    /// The `errno` value; 0 where no system call failed.
    package var number: Int32

    package init(
        _ code: Code,
        _ action: String,
        limit: String? = nil,
        on file: String = "",
        reason: String,
        number: Int32 = 0
    ) {
        self.code = code
        self.action = action
        self.limit = limit
        self.file = file
        self.reason = reason
        self.number = number
    }

    /// A failure of a system call in words.
    init(
        _ action: String,
        _ error: SystemError,
        code: Code = .failed,
        limit: String? = nil,
        hint: String = ""
    ) {
        self.init(
            code,
            action,
            limit: limit,
            on: error.subject,
            reason: SystemError.text(of: error.number) + (hint.isEmpty ? "" : "; \(hint)"),
            number: error.number
        )
    }

    package var description: String {
        "cannot \(action)\(file.isEmpty ? "" : " (\(file))"): \(reason)"
    }
}
