// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI

/// The folder of an engine's images: content by its digest, in the layout of the OCI, and what stands beside it.
///
/// Content is written under another name, synced and renamed, so that what is under its digest is whole. Several processes
/// may use a folder at once. What the store does not recognise it leaves alone.
package final class ContentStore: Sendable {
    let root: OpenFolder
    let blobs: OpenFolder
    let staging: OpenFolder
    /// What is on its way into the store and goes on where it was cut off.
    let partials: OpenFolder

    /// An open folder that several owners share.
    final class OpenFolder: Sendable {
        let descriptor: Descriptor

        init(_ descriptor: consuming Descriptor) {
            self.descriptor = descriptor
        }

        /// A folder within, created where it is missing.
        func folder(_ name: FilePath) throws(SystemError) -> OpenFolder {
            do {
                try descriptor.makeDirectory(name, mode: 0o700)
            } catch  where error.number == EEXIST {
                // Whether it is a directory shows when it is opened.
            }
            return OpenFolder(try descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        }
    }

    /// A folder of one owner, for what is not whole yet; the lock tells others that the owner lives.
    struct WorkFolder: ~Copyable {
        let name: FilePath
        let descriptor: Descriptor

        /// Creates a folder with a name that nobody has.
        init(in parent: OpenFolder, prefix: String) throws(SystemError) {
            while true {
                let text = prefix + String(UInt64.random(in: 0...UInt64.max), radix: 36)
                let name = FilePath(text.utf8) ?? "work"
                try parent.descriptor.makeDirectory(name, mode: 0o700)
                do throws(SystemError) {
                    let folder = try parent.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                    try folder.lock(isExclusive: true)
                    // Before it was locked it looked abandoned, so that it may be gone.
                    if try parent.descriptor.status(of: name)?.inode == folder.status().inode {
                        self.name = name
                        descriptor = folder
                        return
                    }
                } catch  where error.number == ENOENT {
                    continue
                }
            }
        }

        /// Removes a folder whose owner has died.
        static func removeAbandoned(_ name: FilePath, in parent: OpenFolder) throws(SystemError) {
            do throws(SystemError) {
                let folder = try parent.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                if try folder.lock(isExclusive: true, waits: false) { try parent.descriptor.removeTree(name) }
            } catch  where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
                // Its owner was done with it, or it is nothing of ours.
            }
        }
    }

    /// Opens a store.
    ///
    /// - Parameter path: The folder of the host; it is created where it is missing, in one that exists.
    /// - Throws: The error of a call.
    package init(path: String) throws(ImageError) {
        guard let folder = FilePath(path.utf8) else {
            throw ImageError(.system, "cannot open the image store: its path has a zero")
        }
        (root, blobs, staging, partials) = try ImageError.system("open the image store \(path)") {
            () throws(SystemError) in
            if folder.withCString({ mkdir($0, 0o700) }) != 0, errno != EEXIST {
                throw SystemError("mkdir", errno, on: path)
            }
            let root = OpenFolder(try Descriptor.open(path, O_RDONLY | O_DIRECTORY))
            return (root, try root.folder("blobs"), try root.folder("ingest"), try root.folder("partial"))
        }
    }

    /// Size in bytes of a content; nil where it is not there.
    package func size(of digest: Digest) throws(ImageError) -> Int64? { try status(of: digest)?.size }

    /// What the kernel tells of the file of a content; nil where it is not there.
    func status(of digest: Digest) throws(ImageError) -> FileStatus? {
        try ImageError.system("look for \(digest)") { () throws(SystemError) -> FileStatus? in
            do throws(SystemError) {
                let folder = try blobs.descriptor.open(Self.folderName(digest), O_RDONLY | O_DIRECTORY)
                return try folder.status(of: Self.fileName(digest))
            } catch  where error.number == ENOENT {
                return nil
            }
        }
    }

    /// The bytes of a content.
    ///
    /// - Parameter digest: The content.
    /// - Returns: A source at its start.
    /// - Throws: ``ImageError/Code/notFound``, or the error of a call.
    package func open(_ digest: Digest) throws(ImageError) -> DescriptorSource {
        DescriptorSource(try file(of: digest), name: digest.description)
    }

    /// The file of a content.
    func file(of digest: Digest) throws(ImageError) -> Descriptor {
        do {
            let folder = try blobs.descriptor.open(Self.folderName(digest), O_RDONLY | O_DIRECTORY)
            return try folder.open(Self.fileName(digest), O_RDONLY)
        } catch  where error.number == ENOENT {
            throw ImageError(.notFound, "the content \(digest) is not in the store; load or pull its image again")
        } catch {
            throw ImageError(.system, "cannot open \(digest)", cause: error)
        }
    }

    /// A small content as a whole, checked against its digest.
    ///
    /// - Parameters:
    ///   - digest: The content.
    ///   - limit: How many bytes it may have.
    /// - Returns: Its bytes.
    /// - Throws: ``ImageError/Code/digestMismatch`` where the file was changed, and what ``open(_:)`` throws.
    package func document(_ digest: Digest, limit: Int) throws(ImageError) -> [UInt8] {
        let source = HashingSource(try open(digest), algorithm: digest.algorithm)
        let bytes = try source.bytes(limit: limit, of: digest.description)
        if source.digest != digest {
            throw ImageError(.digestMismatch, "the content \(digest) was changed: its digest is now \(source.digest)")
        }
        return bytes
    }

    /// All content with its size; files with other names are left out.
    func all() throws(ImageError) -> [Digest: Int64] {
        var found: [Digest: Int64] = [:]
        for algorithm in Digest.Algorithm.allCases {
            try ImageError.system("list the content of the store") { () throws(SystemError) in
                guard let name = FilePath(algorithm.rawValue.utf8), try blobs.descriptor.status(of: name) != nil else {
                    return
                }
                let folder = try blobs.descriptor.open(name, O_RDONLY | O_DIRECTORY)
                for file in try folder.entries() {
                    guard let digest = Digest(algorithm, hex: file.description),
                        let status = try folder.status(of: file), status.kind == .regular
                    else { continue }
                    found[digest] = status.size
                }
            }
        }
        return found
    }

    func remove(_ digest: Digest) throws(ImageError) {
        try ImageError.system("remove \(digest)") { () throws(SystemError) in
            let folder = try blobs.descriptor.open(Self.folderName(digest), O_RDONLY | O_DIRECTORY)
            try folder.remove(Self.fileName(digest))
        }
    }

    /// Runs with the store locked against other processes and threads.
    func locked<Result>(_ body: () throws(ImageError) -> Result) throws(ImageError) -> Result {
        let file = try ImageError.system("lock the image store") { () throws(SystemError) in
            let file = try root.descriptor.open("lock", O_RDWR | O_CREAT, mode: 0o600)
            try file.lock(isExclusive: true)
            return file
        }
        // The lock ends with the descriptor.
        defer { withExtendedLifetime(file.number) {} }
        return try body()
    }

    static func folderName(_ digest: Digest) -> FilePath {
        FilePath(digest.algorithm.rawValue.utf8) ?? "."
    }

    static func fileName(_ digest: Digest) -> FilePath {
        FilePath(digest.hex.utf8) ?? "."
    }
}
