// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Images
import Linux

/// Copies files of a container to this machine.
struct CopyOut {
    let client: EngineClient
    let container: String
    let path: String
    let options: CopyOptions

    /// Writes a tar to standard output.
    func stream() throws {
        var answer = try client.archive(of: container, at: try source())
        try ArchiveOutput.write(&answer.response, to: nil)
    }

    /// Copies to a path.
    ///
    /// - Parameter target: The path as it is written.
    /// - Returns: How many bytes the files have.
    /// - Throws: ``CommandFailure``, or what client and reader throw.
    func copy(to target: String) throws -> Int64 {
        let answer = try client.archive(of: container, at: try source())
        let origin = CopyPlan.Source(name: CopyPlan.name(of: path), isFolder: answer.status.mode.isDirectory)
        let plan = try CopyPlan(origin, to: try Self.destination(target))
        let folder: Descriptor
        do throws(SystemError) {
            folder = try Descriptor.open(plan.folder, O_RDONLY | O_DIRECTORY)
        } catch {
            throw CommandFailure(message: "cannot copy to `\(target)`: \(error)")
        }
        let box = ResponseBox(answer)
        let source = AnswerSource { try box.next() }
        let name = plan.name.flatMap { FilePath($0.utf8) }
        let extractor = TreeExtractor(into: folder, name: name, copiesOwners: options.copiesOwners)
        do {
            try extractor.extract(TarReader(source))
            // What follows the end of the tar tells whether the answer was whole.
            while try box.next() != nil {}
        } catch {
            throw source.failure ?? error
        }
        return extractor.size
    }

    /// The path in the container, or what a link there leads to where it is to be followed.
    private func source() throws -> String {
        guard options.followsLink else { return path }
        let status = try client.fileStatus(in: container, at: path)
        guard status.mode.isSymbolicLink, !status.linkTarget.isEmpty else { return path }
        if status.linkTarget.hasPrefix("/") { return status.linkTarget }
        let folder = CopyPlan.trimmed(path)
        return String(folder[...(folder.lastIndex(of: "/") ?? folder.startIndex)]) + status.linkTarget
    }

    /// What stands at a path of this machine; links are followed.
    private static func destination(_ written: String) throws -> CopyPlan.Destination {
        let absolute = written.hasPrefix("/") ? written : try ProjectLoading.currentDirectory() + "/" + written
        var status = stat()
        guard stat(CopyPlan.trimmed(absolute), &status) == 0 else {
            return CopyPlan.Destination(path: absolute, exists: false, isFolder: false)
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard !isFolder, absolute == CopyPlan.trimmed(absolute), let real = realpath(absolute, nil) else {
            return CopyPlan.Destination(path: absolute, exists: true, isFolder: isFolder)
        }
        defer { free(real) }
        return CopyPlan.Destination(path: String(cString: real), exists: true, isFolder: false)
    }
}

/// An answer that a closure can read.
private final class ResponseBox {
    private var answer: ArchiveAnswer

    init(_ answer: consuming ArchiveAnswer) {
        self.answer = answer
    }

    func next() throws -> [UInt8]? { try answer.response.next() }
}
