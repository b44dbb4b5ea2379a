// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux

/// What is mounted for the program of a `RUN`, ready for its start.
struct RunMounts: Sendable {
    /// In the order in which they are made.
    private(set) var requested: [RequestedMount] = []
    /// What is mounted, by the places.
    private(set) var descriptors: [String: SharedDescriptor] = [:]
    /// Variables that secrets and agents are given by.
    private(set) var variables: [String] = []
    /// What has to be held as long as the mounts are.
    private var held: [CacheMounts.Lease] = []
    private var agents: [AgentForwarding] = []

    private let run: RunExecution
    private let id: ObjectID
    private let folder: ContainerFolder
    /// How many files and folders were made for mounts, each with a number of its own.
    private var files = 0

    /// Makes the mounts ready, in calls that wait in the kernel.
    ///
    /// - Parameters:
    ///   - run: The program.
    ///   - id: Its container.
    ///   - folder: The folder of that.
    ///   - caches: The folders of its caches, by the targets of their mounts.
    /// - Throws: What cannot be mounted.
    init(
        of run: RunExecution,
        _ id: ObjectID,
        _ folder: ContainerFolder,
        _ caches: [String: CacheMounts.Lease]
    ) throws {
        (self.run, self.id, self.folder) = (run, id, folder)
        for mount in run.step.mounts {
            switch mount.kind {
            case .bind: try addBind(mount)
            case .cache: try addCache(mount, caches[mount.target])
            case .tmpfs: try addMemory(mount)
            case .secret: try addSecret(mount)
            case .ssh: try addAgent(mount)
            }
        }
        if let script = run.step.script { try addScript(script) }
        requested = requested.enumerated().sorted { one, other in
            let depths = [one, other].map { $0.element.destination.count { $0 == "/" } }
            return depths[0] == depths[1] ? one.offset < other.offset : depths[0] < depths[1]
        }
        .map(\.element)
    }

    private mutating func add(_ kind: RequestedMount.Kind, _ mount: RunMount, _ source: SharedDescriptor?) {
        var added = RequestedMount(kind: kind, destination: mount.target)
        added.isWritable = !mount.isReadOnly
        // The last one counts.
        requested.removeAll { $0.destination == mount.target }
        requested.append(added)
        descriptors[mount.target] = source
    }

    private static let prepared = RequestedMount.Kind.volume(RequestedVolume(name: ""))

    // MARK: Kinds

    private mutating func addBind(_ mount: RunMount) throws {
        files += 1
        let own = "\(folder.path)/bind-\(files)"
        let source = try root(of: mount.source, below: mount, own)
        do {
            let part = try source.descriptor.open(
                mount.path.isEmpty ? "/" : mount.path,
                OpenFlags.pathOnly,
                resolution: .inRoot
            )
            // The mount of the whole goes with its descriptor.
            add(Self.prepared, mount, SharedDescriptor(try part.tree(isRecursive: false)))
        } catch {
            let reason = [ENOENT, ENOTDIR].contains(error.number) ? "there is no such file" : "\(error)"
            throw EngineError(
                .badParameter,
                "--mount=type=bind,target=\(mount.target): cannot mount `\(mount.path)`: \(reason)"
            )
        }
    }

    /// The root that is mounted, or a part of it; what is written to it is lost.
    private func root(of source: StepID?, below mount: RunMount, _ own: String) throws -> SharedDescriptor {
        let layers: [SharedDescriptor]
        switch source.flatMap({ run.sources[$0] }) {
        case nil: layers = []
        case .tree(let tree)?: layers = try run.session.fresh.roots(of: tree, in: run.engine.images)
        case .folder(let tree)?:
            layers = [SharedDescriptor(try Descriptor.open(copy(of: tree, mount, own), O_RDONLY | O_DIRECTORY))]
        }
        if mount.isReadOnly {
            return SharedDescriptor(try ContainerFolder.mountImage(of: layers, below: run.engine.base.empty))
        }
        let writing = ContainerFolder(path: own + "-written", endsWithMachine: true)
        try writing.prepare()
        return SharedDescriptor(try writing.mountRoot(on: layers, below: run.engine.base.empty))
    }

    /// Copies what a program sees of a context: without what is left out, and with root as its owner.
    private func copy(of tree: SourceTree, _ mount: RunMount, _ own: String) throws -> String {
        try ContainerFolder.makeDirectory(own, mode: 0o755)
        var selector = try FileSelector(in: tree, excluding: [])
        let path = mount.path.isEmpty ? "/" : mount.path
        let files = try selector.select("/" + path.split(separator: "/").joined(separator: "/"), keepsParents: false)
        let root = SharedDescriptor(try Descriptor.open(own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        let copier = FileCopier(from: tree, to: root, FileCopier.Options())
        // A folder comes with its contents, a file by itself: at the path that is opened afterwards.
        try copier.copy(files, to: path.hasPrefix("/") ? path : "/" + path)
        return own
    }

    private mutating func addCache(_ mount: RunMount, _ lease: CacheMounts.Lease?) throws {
        guard let lease else { return }
        held.append(lease)
        let source = try CacheMounts.open(mount, lease) { new in
            guard let first = mount.source else { return }
            let own = "\(folder.path)/cache-\(requested.count)-\(descriptors.count)"
            let root = try root(of: first, below: readOnly(mount), own)
            let path = mount.path.isEmpty ? "/" : mount.path
            let part = try root.descriptor.open(path, OpenFlags.pathOnly | O_DIRECTORY, resolution: .inRoot)
            _ = try TreeCopier.copy(part, to: new)
        }
        add(Self.prepared, mount, source)
    }

    private func readOnly(_ mount: RunMount) -> RunMount {
        var copy = mount
        copy.isReadOnly = true
        return copy
    }

    private mutating func addMemory(_ mount: RunMount) throws {
        var options = ["nosuid", "nodev"]
        let layers = try run.session.fresh.roots(of: run.base, in: run.engine.images)
        let root = SharedDescriptor(try ContainerFolder.mountImage(of: layers, below: run.engine.base.empty))
        let path = try root.descriptor.resolve(mount.target)
        // It may be used by those who may use the folder that it covers.
        if let status = try root.descriptor.status(ofPath: path), status.kind == .directory {
            options.append("mode=\(String(status.permissions, radix: 8))")
        }
        if let size = mount.size { options.append("size=\(size)") }
        add(.tmpfs(options), mount, nil)
    }

    private mutating func addSecret(_ mount: RunMount) throws {
        guard let content = run.session.secrets[mount.id] else {
            if !mount.isRequired { return }
            throw EngineError(
                .badParameter,
                "the secret `\(mount.id)` is required and was not given: `--secret id=\(mount.id),src=FILE` gives it"
            )
        }
        if let variable = mount.variable {
            variables.append("\(variable)=\(String(decoding: content, as: UTF8.self))")
        }
        if mount.target.isEmpty { return }
        let file = file(mount)
        try run.engine.givenFiles.keep([(file, content)], of: id)
        guard let source = try run.engine.givenFiles.open(file, of: id) else {
            throw EngineError(.failed, "the secret `\(mount.id)` could not be kept in memory")
        }
        var shown = mount
        shown.isReadOnly = true
        add(.file(file), shown, source)
    }

    private mutating func file(_ mount: RunMount) -> RequestedFile {
        files += 1
        return RequestedFile(
            number: files,
            source: nil,
            uid: mount.uid ?? 0,
            gid: mount.gid ?? 0,
            mode: mount.mode ?? 0o400,
            isSecret: true
        )
    }

    /// Mounts a socket behind which an agent of the host answers.
    private mutating func addAgent(_ mount: RunMount) throws {
        // Also where there is none, as BuildKit has it.
        if !variables.contains(where: { $0.hasPrefix("SSH_AUTH_SOCK=") }) {
            variables.append("SSH_AUTH_SOCK=\(mount.target)")
        }
        guard let path = run.session.request.agents[mount.id] else {
            if !mount.isRequired { return }
            throw EngineError(
                .badParameter,
                "the SSH agent `\(mount.id)` is required and was not given: `--ssh \(mount.id)` gives it"
            )
        }
        guard try Descriptor.open(path, OpenFlags.pathOnly).status().kind == .socket else {
            throw EngineError(.badParameter, "the SSH agent `\(mount.id)`: `\(path)` is no socket of an agent")
        }
        files += 1
        let name = FilePath(stringLiteral: "agent-\(files)")
        let place = SharedDescriptor(try Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        let forwarding = try AgentForwarding(to: path, for: mount, as: name, in: place)
        agents.append(forwarding)
        add(Self.prepared, mount, SharedDescriptor(try forwarding.socket.descriptor.tree(isRecursive: false)))
    }

    private mutating func addScript(_ script: InlineFile) throws {
        let path = "\(folder.path)/script"
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o755)
        try file.write(Array(script.content.utf8))
        try file.setPermissions(0o755)
        var mount = RunMount()
        mount.target = "/dev/pipes/\(script.name)"
        let source = SharedDescriptor(try Descriptor.open(path, OpenFlags.pathOnly | O_NOFOLLOW))
        let shown = RequestedFile(number: 0, source: nil, uid: 0, gid: 0, mode: 0o755, isSecret: false)
        add(.file(shown), mount, source)
    }
}
