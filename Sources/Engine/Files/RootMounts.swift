// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// The mounts of a container that does not run, for those who look at its files from outside.
enum RootMounts {
    /// Mounts in a root what the container has mounted when it runs, but for what is in memory.
    ///
    /// What cannot be mounted at its place, since the host or the image does not have it or a link leads nowhere, is left out:
    /// the start of the container is what tells of it.
    ///
    /// - Parameters:
    ///   - mounts: The mounts.
    ///   - volumes: The volumes, by their places.
    ///   - root: The root, as a mount that is attached nowhere.
    ///   - folder: A directory of the host, which the root covers where only its holders see it.
    /// - Returns: What keeps the mounts in place as long as it is held; nil where there are none.
    /// - Throws: The error of the call that the kernel refused.
    static func attach(
        _ mounts: [RequestedMount],
        _ volumes: [String: SharedDescriptor],
        to root: SharedDescriptor,
        at folder: String
    ) throws(SystemError) -> SharedDescriptor? {
        var trees: [(tree: SharedDescriptor, mount: RequestedMount)] = []
        for mount in mounts {
            guard let tree = try tree(of: mount, volumes[mount.destination]) else { continue }
            trees.append((tree, mount))
        }
        if trees.isEmpty { return nil }
        let namespace = try PrivateMounts.make { () throws(SystemError) in
            try root.descriptor.attach(to: Descriptor.open(folder, OpenFlags.pathOnly | O_DIRECTORY))
            for (tree, mount) in trees {
                do throws(SystemError) {
                    try attach(tree.descriptor, at: mount.destination, in: root.descriptor)
                } catch  where [ENOENT, ENOTDIR, ELOOP, EISDIR, EROFS].contains(error.number) {
                    continue
                }
            }
        }
        return SharedDescriptor(namespace)
    }

    private static func tree(
        of mount: RequestedMount,
        _ volume: SharedDescriptor?
    ) throws(SystemError) -> SharedDescriptor? {
        let tree: Descriptor
        switch mount.kind {
        case .tmpfs, .file: return nil
        case .volume, .image:
            guard let volume else { return nil }
            tree = try volume.descriptor.tree(isRecursive: true)
        case .bind(let source, _):
            do throws(SystemError) {
                tree = try Descriptor.tree(of: source, isRecursive: mount.isRecursive)
            } catch  where [ENOENT, ENOTDIR].contains(error.number) {
                return nil
            }
        }
        try tree.setMountAttributes(
            set: mount.isWritable ? 0 : UInt64(MOUNT_ATTR_RDONLY),
            propagation: UInt64(CLinux.MS_PRIVATE),
            isRecursive: true
        )
        do throws(SystemError) {
            try mount.owners?.apply(to: tree, isRecursive: mount.isRecursive)
        } catch  where error.number == EINVAL {
            // The file system has no such mounts.
            return nil
        }
        return SharedDescriptor(tree)
    }

    private static func attach(
        _ tree: borrowing Descriptor,
        at path: String,
        in root: borrowing Descriptor
    ) throws(SystemError) {
        if try tree.status().kind == .directory { try root.makeDirectories(inRoot: path) }
        try tree.attach(to: root.open(path, OpenFlags.pathOnly, resolution: .inRoot))
    }
}

extension Descriptor {
    /// Makes a directory below this root and those above it, where they are missing.
    ///
    /// The path is walked as by a process that has this root as its own: no link leads out of it. What is there and is
    /// no directory stays.
    ///
    /// - Parameter path: A clean absolute path.
    /// - Throws: The error of openat2(2) or mkdirat(2) with the path.
    fileprivate borrowing func makeDirectories(inRoot path: String) throws(SystemError) {
        var parent = "/"
        for name in path.split(separator: "/") {
            let place = parent == "/" ? "/\(name)" : "\(parent)/\(name)"
            let exists: Bool
            do throws(SystemError) {
                _ = try open(place, OpenFlags.pathOnly, resolution: .inRoot)
                exists = true
            } catch {
                guard error.number == ENOENT else { throw error }
                exists = false
            }
            if !exists, let name = FilePath(name.utf8) {
                let folder = try open(parent, OpenFlags.pathOnly | O_DIRECTORY, resolution: .inRoot)
                try folder.makeDirectory(name, mode: 0o755)
            }
            parent = place
        }
    }
}
