// SPDX-License-Identifier: Apache-2.0

/// Why there is no subnet or no address.
package struct AddressError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package struct Code: Equatable, Sendable {
        private enum Value {
            case invalid
            case taken
            case exhausted
        }

        private let value: Value

        /// What was asked for makes no sense.
        package static let invalid = Self(value: .invalid)
        /// It belongs to somebody else.
        package static let taken = Self(value: .taken)
        /// Nothing is left.
        package static let exhausted = Self(value: .exhausted)
    }

    package var code: Code
    /// What was tried, `use 10.0.0.1 as gateway` for example.
    package var action: String
    /// Why it is not possible, and what to do about it.
    package var reason: String

    package init(_ code: Code, _ action: String, reason: String) {
        self.code = code
        self.action = action
        self.reason = reason
    }

    package var description: String {
        "cannot \(action): \(reason)"
    }
}
