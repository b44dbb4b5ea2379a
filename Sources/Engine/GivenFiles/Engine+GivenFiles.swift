// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

// The configs and secrets of containers.
extension Engine {
    /// Keeps what the configs and secrets of a new container hold, those that come from files of the host as well.
    ///
    /// - Parameters:
    ///   - contents: What was in the request, by the numbers of the files.
    ///   - unit: The container.
    /// - Throws: The file that cannot be kept.
    func keepFiles(_ contents: [Int: HiddenBytes], of unit: ContainerUnit) async throws {
        let (files, memory, id) = (await unit.definition.files, givenFiles, unit.id)
        if files.isEmpty { return }
        try await BlockingCall.run { try files.keep(contents, of: id, in: memory) }
    }

    /// Has the configs and secrets of a container ready for its start: those of files of the host are read anew.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - definition: What it is.
    /// - Returns: The files that are mounted, by their places in the container.
    /// - Throws: The file that cannot be read, or that nobody has any more.
    func openFiles(of id: ObjectID, _ definition: ContainerDefinition) async throws -> [String: SharedDescriptor] {
        let (files, memory) = (definition.files, givenFiles)
        if files.isEmpty { return [:] }
        return try await BlockingCall.run {
            try files.keep([:], of: id, in: memory)
            var opened: [String: SharedDescriptor] = [:]
            for given in files {
                guard let file = try memory.open(given.file, of: id) else { throw given.missing }
                opened[given.destination] = file
            }
            return opened
        }
    }

    /// Everything that is mounted in a container and is no path of the host, ready for its start.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - definition: What it is.
    /// - Returns: What is mounted, by the places in the container; ``releaseVolumes(of:_:)`` lets it go.
    /// - Throws: What cannot be mounted; no volume is held then.
    func openMounts(of id: ObjectID, _ definition: ContainerDefinition) async throws -> [String: SharedDescriptor] {
        let files = try await openFiles(of: id, definition)
        return try await openStored(of: id, definition).merging(files) { $1 }
    }
}

extension ContainerDefinition {
    /// Its configs and secrets.
    var files: [PlacedFile] {
        allMounts.compactMap { mount in
            if case .file(let file) = mount.kind { PlacedFile(file: file, destination: mount.destination) } else { nil }
        }
    }
}

/// A config or secret at its place in a container.
struct PlacedFile: Sendable {
    var file: RequestedFile
    var destination: String

    private var name: String { "the \(file.word) \(destination)" }

    /// Reads what it holds from the file of the host.
    ///
    /// - Parameter source: The path.
    /// - Returns: The bytes.
    /// - Throws: `badParameter` for what is no file, is not there or is too large.
    fileprivate func read(_ source: String) throws(EngineError) -> [UInt8] {
        let failure: String
        do throws(SystemError) {
            // Looked at before it is opened: to open a FIFO or a device has effects.
            let place = try Descriptor.open(source, OpenFlags.pathOnly)
            if try place.status().kind == .regular {
                return try place.reopened(O_RDONLY).contents(limit: RequestedFile.largest)
            }
            failure = "its source \(source) is no regular file; name one"
        } catch  where error.number == ENOENT {
            failure = "its source \(source) does not exist; make it, or name another file"
        } catch  where error.number == EFBIG {
            failure = "its source \(source) has more than \(RequestedFile.largest) bytes; mount it as a volume instead"
        } catch {
            failure = "\(error)"
        }
        throw EngineError(.badParameter, "cannot read \(name): \(failure)")
    }

    /// Why a start fails whose content nobody has.
    fileprivate var missing: EngineError {
        EngineError(
            .failed,
            "the content of \(name) is gone: it was kept in memory only, and the machine was started anew since the "
                + "container was created; remove the container and create it again"
        )
    }
}

extension [PlacedFile] {
    /// Keeps what is at hand of them: the contents of a request, and what files of the host hold now.
    ///
    /// - Parameters:
    ///   - contents: The contents by the numbers of the files.
    ///   - id: The container.
    ///   - memory: Where.
    /// - Throws: The file that cannot be read or kept.
    fileprivate func keep(
        _ contents: [Int: HiddenBytes],
        of id: ObjectID,
        in memory: GivenFileMemory
    ) throws(EngineError) {
        var found: [(file: RequestedFile, content: [UInt8])] = []
        for given in self {
            if let source = given.file.source {
                found.append((given.file, try given.read(source)))
            } else if let content = contents[given.file.number] {
                found.append((given.file, content.bytes))
            }
        }
        let sum = found.reduce(0) { $0 + $1.content.count }
        guard sum <= RequestedFile.largestSum else {
            throw EngineError(
                .badParameter,
                "the configs and secrets hold \(sum) bytes together, and \(RequestedFile.largestSum) is the most"
            )
        }
        if found.isEmpty { return }
        do {
            try memory.keep(found, of: id)
        } catch  where error.number == ENOSPC {
            throw EngineError(
                .failed,
                "the memory for configs and secrets is full, which is \(GivenFileMemory.size >> 20) MiB for all "
                    + "containers of the engine; remove containers that have some"
            )
        } catch {
            throw EngineError(.failed, "cannot keep the configs and secrets of the container in memory: \(error)")
        }
    }
}
