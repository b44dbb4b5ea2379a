// SPDX-License-Identifier: Apache-2.0

/// A descriptor with several owners, closed when the last of them lets go.
package final class SharedDescriptor: Sendable {
    package let descriptor: Descriptor
    private let base: (any AnyObject & Sendable)?

    /// - Parameters:
    ///   - descriptor: The descriptor.
    ///   - base: What is there as long as this one is open.
    package init(_ descriptor: consuming Descriptor, upon base: (any AnyObject & Sendable)? = nil) {
        self.descriptor = descriptor
        self.base = base
    }

    /// Shares a descriptor where there is one.
    package convenience init?(_ descriptor: consuming Descriptor?) {
        guard let descriptor else { return nil }
        self.init(descriptor)
    }

    package var number: Int32 { descriptor.number }
}
