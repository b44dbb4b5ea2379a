// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// What went wrong between this process and the kernel's networks.
package struct NetlinkError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package struct Code: Equatable, Sendable {
        private enum Value {
            case refused
            case failed
            case overlong
            case malformed
            case incomplete
        }

        private let value: Value

        /// The kernel refused a request; `number` says why.
        package static let refused = Self(value: .refused)
        /// The socket could not be made or used; `number` says why.
        package static let failed = Self(value: .failed)
        /// The request does not fit the protocol; nothing was sent.
        package static let overlong = Self(value: .overlong)
        /// The answer could not be understood.
        package static let malformed = Self(value: .malformed)
        /// Answers are missing: what was asked for may have happened or not.
        package static let incomplete = Self(value: .incomplete)
    }

    package var code: Code
    /// What was tried, `create bridge web` for example.
    package var action: String
    /// What the kernel answered, and what to do about it.
    package var reason: String
    /// The `errno` value; 0 where there is none.
    package var number: Int32
    /// The kernel's own words (`NLMSGERR_ATTR_MSG`).
    package var kernelText: String?
    /// The place in the request that the kernel complains about, counted from the header.
    package var offset: Int?
    /// The place of the request in what was sent together.
    package var index = 0

    package init(_ code: Code, _ action: String, reason: String, number: Int32 = 0) {
        self.code = code
        self.action = action
        self.reason = reason
        self.number = number
    }

    /// A failure of a system call in words.
    init(_ action: String, _ error: SystemError) {
        self.init(.failed, action, reason: error.description, number: error.number)
    }

    /// An answer that makes no sense.
    init(_ action: String, _ error: MalformedReply) {
        self.init(.malformed, action, reason: "the kernel's answer makes no sense: \(error)")
    }

    /// The kernel's refusal of a request.
    init(_ request: Request, _ verdict: Acknowledgement, index: Int) {
        var reason = SystemError.text(of: verdict.number)
        if let text = verdict.text { reason += " (\(text))" }
        if let offset = verdict.offset {
            let path = request.attributePath(at: Int(offset)).map(String.init).joined(separator: ".")
            reason += ", at byte \(offset) of the request" + (path.isEmpty ? "" : ", attribute \(path)")
        }
        if let missing = verdict.missing { reason += ", attribute \(missing) is missing" }
        if let hint = Self.hint(for: verdict.number) { reason += "; \(hint)" }
        self.init(.refused, request.action, reason: reason, number: verdict.number)
        kernelText = verdict.text
        offset = verdict.offset.map(Int.init)
        self.index = index
    }

    private static func hint(for number: Int32) -> String? {
        switch number {
        case EPERM: "it needs CAP_NET_ADMIN over the network, and what another program owns obeys that alone"
        case EOPNOTSUPP, EAFNOSUPPORT: "the kernel lacks it, or the module is not loaded"
        default: nil
        }
    }

    package var description: String {
        "cannot \(action): \(reason)"
    }
}
