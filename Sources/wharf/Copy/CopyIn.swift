// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Images
import Linux

/// How files are copied.
struct CopyOptions {
    var copiesOwners = false
    var followsLink = false
}

/// Copies files of this machine into a container.
struct CopyIn {
    let client: EngineClient
    let container: String
    let path: String
    let options: CopyOptions

    /// Unpacks the tar on standard input.
    func stream() throws {
        let target = try destination()
        guard target.isFolder else {
            throw CommandFailure(
                message: "a tar can be unpacked into a folder only, which `\(container):\(path)` is not"
            )
        }
        try send(to: target.path, .stream(descriptor: STDIN_FILENO, contentType: "application/x-tar"))
    }

    /// Copies a file or a folder.
    ///
    /// - Parameter source: Its path.
    /// - Returns: How many bytes the files have.
    /// - Throws: ``CommandFailure``, or what client and archiver throw.
    func copy(from source: String) throws -> Int64 {
        let origin = try LocalPath(source, followsLink: options.followsLink)
        let plan = try CopyPlan(CopyPlan.Source(name: origin.name, isFolder: origin.isFolder), to: destination())
        var size: Int64 = 0
        let body = Request.Body.generated(contentType: "application/x-tar") { write in
            size = try withoutActuallyEscaping(write) { write in
                let sink = FunctionSink(write)
                do {
                    return try Self.archive(origin, as: plan.name, sink)
                } catch {
                    throw sink.failure ?? error
                }
            }
        }
        do {
            try send(to: plan.folder, body)
        } catch let error as SystemError {
            throw CommandFailure(message: "cannot read `\(source)`: \(error)")
        }
        return size
    }

    private static func archive(_ origin: LocalPath, as name: String?, _ sink: FunctionSink) throws -> Int64 {
        let writer = TarWriter(sink)
        let archiver = TreeArchiver(writer)
        if let name, let path = FilePath(name.utf8) {
            try archiver.write(origin.entry, of: try Descriptor.open(origin.folder, O_RDONLY | O_DIRECTORY), as: path)
        } else {
            // The folder itself is there already, and keeps its permissions.
            let content = try Descriptor.open(origin.path, O_RDONLY | O_DIRECTORY)
            try archiver.writeContent(of: content, as: nil)
        }
        try writer.finish()
        return archiver.size
    }

    private func send(to folder: String, _ body: Request.Body) throws {
        try client.extract(
            into: container,
            at: folder,
            keepsKinds: true,
            copiesOwners: options.copiesOwners,
            body
        )
    }

    /// What stands at the path in the container; a link there is followed.
    private func destination() throws -> CopyPlan.Destination {
        var target = path
        // As many links as the kernel follows (path_resolution(7)).
        for _ in 0..<40 {
            let status: PathStat
            do {
                status = try client.fileStatus(in: container, at: target)
            } catch let error as EngineError where error.code == .notFound {
                if error.message.hasPrefix("No such container") { throw error }
                return CopyPlan.Destination(path: target, exists: false, isFolder: false)
            }
            guard status.mode.isSymbolicLink, !status.linkTarget.isEmpty else {
                return CopyPlan.Destination(path: target, exists: true, isFolder: status.mode.isDirectory)
            }
            let link = status.linkTarget
            let folder = CopyPlan.trimmed(target)
            target =
                link.hasPrefix("/") ? link : String(folder[...(folder.lastIndex(of: "/") ?? folder.startIndex)]) + link
        }
        throw CommandFailure(message: "there are too many symbolic links at `\(container):\(path)`")
    }
}

/// The source of a copy on this machine.
struct LocalPath {
    /// The path, made absolute.
    let path: String
    /// The folder that it is in, and its entry there.
    let folder: String
    let entry: FilePath
    /// The name of the copy; nil where the content is meant.
    let name: String?
    let isFolder: Bool

    /// Looks at a path.
    ///
    /// - Throws: ``CommandFailure`` where there is nothing.
    init(_ written: String, followsLink: Bool) throws {
        let absolute = written.hasPrefix("/") ? written : try ProjectLoading.currentDirectory() + "/" + written
        let trimmed = CopyPlan.trimmed(absolute)
        let name = CopyPlan.name(of: absolute)
        var status = stat()
        // A slash at the end follows a link, as everywhere.
        let follows = followsLink || absolute != trimmed
        guard (follows ? stat(trimmed, &status) : lstat(trimmed, &status)) == 0 else {
            throw CommandFailure(message: "cannot copy `\(written)`: \(SystemError.text(of: errno))")
        }
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        if !isFolder, absolute != trimmed {
            throw CommandFailure(message: "cannot copy `\(written)`: \(SystemError.text(of: ENOTDIR))")
        }
        // Names such as `..` are not those of the file.
        let isNamed = name != nil && name != ".."
        path = try follows || !isNamed ? Self.resolved(trimmed) : trimmed
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        folder = slash == path.startIndex ? "/" : String(path[..<slash])
        entry = FilePath(path[slash...].dropFirst().utf8) ?? "."
        self.name = name == ".." ? entry.description : name
    }

    private static func resolved(_ path: String) throws -> String {
        guard let text = realpath(path, nil) else {
            throw CommandFailure(message: "cannot copy `\(path)`: \(SystemError.text(of: errno))")
        }
        defer { free(text) }
        return String(cString: text)
    }
}
