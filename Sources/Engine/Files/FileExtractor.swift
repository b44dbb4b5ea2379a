// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux

/// Unpacks an archive into a directory of a container.
struct FileExtractor: Sendable {
    /// What the client calls the container.
    var container: String
    /// Whether the container's own root cannot be written, whatever its mount says.
    var isRootReadOnly = false
    /// How what is there is treated.
    var options = TreeUnpacker.Options()

    /// Unpacks.
    ///
    /// - Parameters:
    ///   - source: The archive, plain or compressed; it is read to its end.
    ///   - root: The root of the container.
    ///   - path: The directory, which exists; links are followed inside the container.
    /// - Throws: `notFound`, `badParameter` for what is no directory or no archive, `forbidden` for what is read-only.
    func extract(_ source: any ByteSource, into root: borrowing Descriptor, at path: ContainerPath) throws {
        try check(path, root)
        do throws(ImageError) {
            try TreeUnpacker.unpack(source, into: root, at: path.path, options)
        } catch {
            switch error.code {
            case .notFound: throw FileLookup.notFound(path, of: container)
            case .conflict: throw EngineError(.badParameter, error.message)
            case .system:
                guard let cause = error.cause else { throw EngineError(.failed, "\(error)") }
                if cause.number == FileExtractor.readOnlyFileSystem { throw Self.readOnlyMount }
                throw EngineError(.failed, "cannot copy into \(path.text) of container \(container): \(error)")
            default:
                throw EngineError(.badParameter, "cannot copy into \(path.text) of container \(container): \(error)")
            }
        }
    }

    /// EROFS.
    private static let readOnlyFileSystem: Int32 = 30
    private static let readOnlyMount = EngineError(.forbidden, "mounted volume is marked read-only")
    private static let readOnlyRoot = EngineError(.forbidden, "container rootfs is marked read-only")

    private func check(_ path: ContainerPath, _ root: borrowing Descriptor) throws {
        let place = try FileLookup.open(path, below: root, of: container, followsLast: true)
        let status: FileStatus
        let isReadOnly: Bool
        let isOnRoot: Bool
        do {
            status = try place.status()
            isReadOnly = try place.fileSystem().isReadOnly
            isOnRoot = try status.device == root.status().device
        } catch {
            throw FileLookup.failure(error, path, of: container)
        }
        guard status.kind == .directory else { throw EngineError(.badParameter, "extraction point is not a directory") }
        if isOnRoot, isReadOnly || isRootReadOnly { throw Self.readOnlyRoot }
        if isReadOnly { throw Self.readOnlyMount }
    }
}
