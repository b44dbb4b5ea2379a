// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Linux
package import OCI

/// A mount that is made in this process and attached nowhere yet.
package struct DetachedMount: Sendable {
    private let mount: RuntimeSpec.Mount
    private let options: MountOptions

    /// Reads a mount in the terms of mount(8).
    ///
    /// - Parameter mount: The type, the source and the options; the destination has no meaning.
    /// - Throws: `specification` for an option that is not supported.
    package init(_ mount: RuntimeSpec.Mount) throws(LaunchError) {
        self.mount = mount
        options = try MountOptions(mount.options, field: "options")
    }

    /// Whether a part of what is mounted already is mounted once more, and no file system is made.
    package var isBind: Bool { options.bind != nil || mount.type == "bind" }

    /// The names of the options that go to the file system.
    package var parameters: [String] { options.parameters.map(\.key) }

    /// Makes the mount.
    ///
    /// - Returns: Its root.
    /// - Throws: The error of the call that the kernel refused, with the option that it was about.
    package func make() throws(SystemError) -> Descriptor {
        if isBind { return try bind() }
        var parameters: [(key: String, value: MountParameter)] = [("source", .text(mount.source))]
        for parameter in options.parameters {
            parameters.append((parameter.key, parameter.value.map { .text($0) } ?? .flag))
        }
        let attributes = options.attributes.set | options.recursiveAttributes.set
        return try Descriptor.newMount(
            mount.type,
            parameters: parameters,
            attributes: UInt32(truncatingIfNeeded: attributes)
        )
    }

    private func bind() throws(SystemError) -> Descriptor {
        let tree = try Descriptor.tree(of: mount.source, isRecursive: options.bind == .recursive)
        if options.propagation.map({ $0.kind == .private }) ?? true {
            try tree.setMountAttributes(propagation: UInt64(CLinux.MS_PRIVATE), isRecursive: true)
        }
        for (attributes, isRecursive) in [(options.attributes, false), (options.recursiveAttributes, true)]
        where !attributes.isEmpty {
            try tree.setMountAttributes(set: attributes.set, clear: attributes.clear, isRecursive: isRecursive)
        }
        return tree
    }
}
