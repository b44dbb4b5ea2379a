// SPDX-License-Identifier: Apache-2.0

import Linux
import OCI

/// Where the control group of a container lies, by the `linux.cgroupsPath` of its specification.
///
/// An absolute path counts from the uppermost group and a relative one from ours, as with runc's driver for the file
/// system. The groups above that an absolute path names are the user's: they are made where they are missing, and stay.
struct ControlGroupName: Equatable {
    /// The components of the name below ``ControlGroupHierarchies/parent``.
    var name: [String]
    /// The parent that the user named; nil for ours.
    var parent: [String]?

    /// Reads the path.
    ///
    /// - Parameters:
    ///   - path: The `linux.cgroupsPath`; empty for a group of the container's own name below ours.
    ///   - container: The container's name.
    /// - Throws: Where the path is one of systemd's.
    init(_ path: String, container: String) throws(LaunchError) {
        let parts = path.split(separator: "/").map(String.init)
        guard let last = parts.last else {
            guard path.isEmpty else {
                throw .specification(field: "linux.cgroupsPath", "`\(path)` is the uppermost group, which is not ours")
            }
            name = [container]
            return
        }
        guard path.contains("/") || path.count(where: { $0 == ":" }) != 2 else {
            let text = "is a name for systemd (slice:prefix:name), which is not asked; give a path such as /parent/name"
            throw .specification(field: "linux.cgroupsPath", "`\(path)` \(text)")
        }
        name = path.hasPrefix("/") ? [last] : parts
        if path.hasPrefix("/") { parent = parts.dropLast() }
    }

    /// The trees with the parent of this name.
    func hierarchies(_ trees: ControlGroupHierarchies) -> ControlGroupHierarchies {
        guard let parent else { return trees }
        var trees = trees
        trees.parent = parent
        trees.keepsParent = true
        return trees
    }
}
