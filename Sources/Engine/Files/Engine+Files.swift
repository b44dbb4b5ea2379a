// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
package import Linux
import OCI
import Runtime

/// What runs of a container.
struct ContainerProcesses: Sendable {
    var snapshot: ContainerSnapshot
    /// The group of its processes and the first of them; nil where it does not run.
    var running: (group: ControlGroup, pid: Int32)?
}

extension Engine {
    /// Runs a function with the root of a container: as its processes see it where it runs, mounted for the purpose where
    /// it does not.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - body: Gets the root, and what it holds as long as it uses anything of it; it runs on a thread of its own.
    /// - Returns: What `body` returned.
    /// - Throws: `notFound`, or what `body` threw.
    func withRoot<Value: Sendable>(
        of reference: String,
        _ body: @escaping @Sendable (borrowing Descriptor, ContainerSnapshot, SharedDescriptor?) throws -> Value
    ) async throws -> Value {
        try await containers.find(reference).withRoot(body)
    }

    /// What runs of a container now.
    func processes(of reference: String) async throws -> ContainerProcesses {
        let unit = try containers.find(reference)
        let run = await unit.run
        return ContainerProcesses(
            snapshot: await unit.snapshot,
            running: run.map { ($0.resources.group, $0.process.pid) }
        )
    }
}

extension Engine {
    /// What stands at a path of a container, running or not.
    package func fileStatus(in reference: String, at path: String) async throws -> PathStat {
        let path = try ContainerPath(path)
        return try await withRoot(of: reference) { root, _, _ in
            try FileLookup.status(path, below: root, of: reference)
        }
    }

    /// The file or directory at a path of a container, as a tar.
    ///
    /// Its entries begin with the last name of the path, or with `.` where the path ends in `/.`.
    package func archive(of reference: String, at path: String) async throws -> (status: PathStat, tar: ByteStream) {
        let path = try ContainerPath(path)
        let archive = try await withRoot(of: reference) { root, _, hold in
            let file = try FileLookup.open(path, below: root, of: reference)
            let status = try FileLookup.status(of: file, path, below: root, of: reference)
            let box = DescriptorBox(file)
            let tar = try ByteStream.writing("the archive of \(path.text)") { sink in
                guard let file = box.take() else { return }
                try withExtendedLifetime(hold) {
                    try FileArchiver(to: sink, staysInMount: false).archive(file, as: path.baseName)
                }
            }
            return (status: status, tar: tar)
        }
        await tell("archive-path", of: reference)
        return archive
    }

    /// Unpacks a tar into a directory of a container.
    ///
    /// - Parameters:
    ///   - reference: The container, running or not.
    ///   - path: The directory, which exists.
    ///   - options: How what is there is treated.
    ///   - tar: The archive, plain or compressed, from its first byte to the end of the pipe or file.
    /// - Throws: `notFound`, `badParameter` for what is no directory or no archive, `forbidden` for what is read-only.
    package func extract(
        into reference: String,
        at path: String,
        _ options: ArchiveOptions,
        from tar: consuming Descriptor
    ) async throws {
        let path = try ContainerPath(path)
        let box = DescriptorBox(tar)
        try await withRoot(of: reference) { root, container, _ in
            guard let tar = box.take() else { return }
            let request = container.definition.request
            var extractor = FileExtractor(container: reference, isRootReadOnly: request.hostConfig.readonlyRootfs)
            extractor.options.keepsKinds = options.keepsKinds
            if options.copiesOwners, !request.config.user.isEmpty {
                extractor.options.owner = try Self.owner(request.config.user, root)
            }
            try extractor.extract(DescriptorSource(tar, name: "the archive"), into: root, at: path)
        }
        await tell("extract-to-dir", of: reference)
    }

    /// Tells what was done with the files or processes of a container.
    private func tell(_ action: String, of reference: String) async {
        await (try? containers.find(reference))?.publish(action)
    }

    /// Removes files of a container, with all that is in them; what is not there counts as gone.
    ///
    /// - Parameters:
    ///   - reference: The container, running or not.
    ///   - paths: Their paths.
    /// - Throws: `notFound` for the container, `conflict` for what something is mounted on, `forbidden` for what is read-only;
    ///   with several errors their words, and the code of the first one. What has none is removed.
    package func removeFiles(of reference: String, at paths: [String]) async throws {
        let paths = try paths.map { text throws(EngineError) in try ContainerPath(text) }
        try await withRoot(of: reference) { root, container, _ in
            let isReadOnly = container.definition.request.hostConfig.readonlyRootfs
            let remover = FileRemover(container: reference, isRootReadOnly: isReadOnly)
            var errors: [EngineError] = []
            for path in paths {
                do {
                    try remover.remove(path, below: root)
                } catch {
                    errors.append(error as? EngineError ?? EngineError(.failed, "\(error)"))
                }
            }
            guard let first = errors.first else { return }
            throw EngineError(first.code, errors.map(\.message).joined(separator: "; "))
        }
    }

    /// The ids of a container's user.
    private static func owner(_ user: String, _ root: borrowing Descriptor) throws -> (uid: UInt32, gid: UInt32) {
        do {
            let found = try ContainerUser(user, in: UserDatabase(root: root)).user
            return (found.uid, found.gid)
        } catch {
            throw EngineError(.badParameter, "cannot tell the owner of the files: \(error)")
        }
    }

    /// The whole root file system of a container as a tar.
    ///
    /// What is mounted in it, such as `/proc` and volumes, is an empty place there.
    package func exportContainer(_ reference: String) async throws -> ByteStream {
        let tar = try await withRoot(of: reference) { root, _, hold in
            let box = DescriptorBox(try root.duplicate())
            return try ByteStream.writing("the root of container \(reference)") { sink in
                guard let root = box.take() else { return }
                try withExtendedLifetime(hold) { try FileArchiver(to: sink, staysInMount: true).export(root) }
            }
        }
        await tell("export", of: reference)
        return tar
    }

    /// What differs between a container's root file system and its image.
    package func changes(of reference: String) async throws -> [FilesystemChange] {
        let container = try await processes(of: reference).snapshot
        let layers = try await layerRoots(container.definition.layers)
        return try await BlockingCall.run {
            try FilesystemChange.list(upper: container.folder.upper, layers: layers)
        }
    }

    /// The processes of a container in columns.
    ///
    /// - Parameters:
    ///   - reference: The container, which runs.
    ///   - arguments: What `ps` would get; empty is `-ef`. All processes of the container are told, whatever they select.
    /// - Returns: The table.
    /// - Throws: `conflict` where it does not run, `badParameter` for arguments that are not understood.
    package func top(of reference: String, arguments: String) async throws -> ContainerTop {
        let format = try ProcessFormat(arguments: arguments)
        let container = try await processes(of: reference)
        guard let running = container.running else { throw EngineError.notRunning(container.snapshot.id.description) }
        let table = try await BlockingCall.run {
            try ProcessTable(of: running.group).shown(as: format)
        }
        await tell("top", of: reference)
        return table
    }

    /// What a container uses now; `preread` and `previousCPU` are zero.
    ///
    /// Of a container that does not run only the names are told.
    package func statistics(of reference: String) async throws -> ContainerStatistics {
        let container = try await processes(of: reference)
        var statistics = ContainerStatistics()
        statistics.id = container.snapshot.id.description
        statistics.name = container.snapshot.name.slashed
        guard let running = container.running else { return statistics }
        let named = statistics
        return try await BlockingCall.run {
            var statistics = named
            try statistics.measure(running.group, pid: running.pid)
            return statistics
        }
    }
}
