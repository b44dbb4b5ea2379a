// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that failed: which one, on what, and what the kernel answered.
///
/// Policy (what it means to the user, what to do next) is for the callers to add.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call's name as in its manual page, `openat2` for example.
    package var call: String
    /// The `errno` value.
    package var number: Int32
    /// The path or object it was about; empty where the call has none.
    package var subject: String

    package init(_ call: String, _ number: Int32, on subject: String = "") {
        self.call = call
        self.number = number
        self.subject = subject
    }

    package var description: String {
        let object = subject.isEmpty ? "" : " \(subject)"
        return "\(call)\(object): \(Self.text(of: number))"
    }

    /// The C library's words for an `errno` value, in lower case.
    package static func text(of number: Int32) -> String {
        String(cString: strerror(number)).lowercased()
    }

    /// The result of a shim that answers `-errno`, or the error that it stands for.
    ///
    /// - Parameters:
    ///   - result: What the shim returned.
    ///   - call: The call's name.
    ///   - subject: What the call was about.
    /// - Returns: The result, zero or more.
    /// - Throws: The error where the result is negative.
    @discardableResult
    package static func check<Value: SignedInteger>(
        _ result: Value,
        _ call: String,
        on subject: @autoclosure () -> String = ""
    ) throws(SystemError) -> Value {
        if result < 0 { throw SystemError(call, Int32(-result), on: subject()) }
        return result
    }
}
