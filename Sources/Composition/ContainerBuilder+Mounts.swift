// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import YAML

/// Keys of a mount that are wharf's own.
package enum MountExtension {
    /// `[u:|g:]HOST:CONTAINER[:COUNT]`, or a list of them: which owner on the disk stands for which in the container.
    package static let idMap = "x-wharf-idmap"
}

extension ContainerBuilder {
    // MARK: Volumes

    /// Sets the volumes, binds and file systems in memory.
    mutating func setMounts() {
        host.volumesFrom = Self.list(service.volumesFrom)
        if !service.tmpfs.isEmpty {
            let pairs = service.tmpfs.map { text in
                let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
            }
            host.tmpfs = Dictionary(pairs) { $1 }
        }
        for mount in service.volumes {
            warnAboutForeignOptions(of: mount)
            if mount.kind == .namedPipe || mount.kind == .cluster {
                refuse(
                    "`volumes` has a mount of type `\(mount.kind.rawValue)`, which there is "
                        + (mount.kind == .cluster ? "in clusters only" : "on Windows only")
                )
                continue
            }
            let owners = idMap(of: mount)
            if let bind = bind(mount), owners == nil {
                host.binds = (host.binds ?? []) + [bind]
            } else {
                var result = requested(mount)
                result.idMap = owners
                host.mounts = (host.mounts ?? []) + [result]
            }
        }
    }

    /// A mount in the form `source:target:options`; nil where that form cannot say it.
    ///
    /// It has the engine make a folder of the host that does not exist.
    private func bind(_ mount: Compose.Mount) -> String? {
        guard let target = mount.target, !target.contains(":"), let source = source(of: mount), !source.contains(":")
        else { return nil }
        var options = [mount.readOnly ? "ro" : "rw"]
        switch mount.kind {
        case .bind:
            if let bind = mount.bind {
                guard bind.createHostPath, bind.propagation == nil, bind.recursive == nil else { return nil }
                if let selinux = bind.selinux { options.append(selinux.rawValue) }
            }
        case .volume:
            guard project.volumes[mount.source ?? ""] != nil else { return nil }
            if let volume = mount.volume, volume.noCopy || volume.subpath != nil || !volume.labels.isEmpty {
                return nil
            }
        default: return nil
        }
        return "\(source):\(target):\(options.joined(separator: ","))"
    }

    /// What is mounted, as the engine knows it; nil for a volume without a name.
    private func source(of mount: Compose.Mount) -> String? {
        guard let source = mount.source, !source.isEmpty else { return nil }
        return mount.kind == .volume && project.volumes[source] != nil ? composer.volumeName(source) : source
    }

    /// A mount in the long form.
    private func requested(_ mount: Compose.Mount) -> EngineAPI.Mount {
        var result = EngineAPI.Mount()
        result.type = mount.kind.rawValue
        result.source = source(of: mount) ?? ""
        result.target = mount.target ?? ""
        result.readOnly = mount.readOnly
        result.consistency = mount.consistency ?? ""
        switch mount.kind {
        case .bind: result.bindOptions = Self.bindOptions(mount.bind)
        case .volume:
            result.volumeOptions = mount.volume.map { volume in
                var options = EngineAPI.Mount.VolumeOptions()
                options.noCopy = volume.noCopy
                options.subpath = volume.subpath ?? ""
                options.labels = volume.labels.isEmpty ? nil : volume.labels
                return options
            }
        case .tmpfs:
            result.tmpfsOptions = mount.tmpfs.map { tmpfs in
                var options = EngineAPI.Mount.TmpfsOptions()
                options.sizeBytes = tmpfs.size?.bytes ?? 0
                options.mode = Int64(tmpfs.mode ?? 0)
                return options
            }
        case .image:
            result.imageOptions = mount.image.map { image in
                var options = EngineAPI.Mount.ImageOptions()
                options.subpath = image.subpath ?? ""
                return options
            }
        case .namedPipe, .cluster: break
        }
        return result
    }

    private static func bindOptions(_ bind: Compose.Mount.BindOptions?) -> EngineAPI.Mount.BindOptions {
        var options = EngineAPI.Mount.BindOptions()
        options.propagation = bind?.propagation ?? ""
        // Without any options the short form would have been used, which makes the folder.
        options.createMountpoint = bind?.createHostPath ?? true
        switch bind?.recursive {
        case .disabled: options.nonRecursive = true
        case .writable: options.readOnlyNonRecursive = true
        case .readOnly: options.readOnlyForceRecursive = true
        case .enabled, nil: break
        }
        return options
    }

    /// Tells of options for another kind of mount.
    private mutating func warnAboutForeignOptions(of mount: Compose.Mount) {
        let options: [(kind: Compose.Mount.Kind, isThere: Bool)] = [
            (.bind, mount.bind != nil && mount.bind != Compose.Mount.BindOptions()), (.volume, mount.volume != nil),
            (.tmpfs, mount.tmpfs != nil), (.image, mount.image != nil),
        ]
        for (kind, isThere) in options where isThere && kind != mount.kind {
            warn(
                "`volumes` has options `\(kind.rawValue)` for \(mount.target ?? "a mount"), which have no effect: it is of "
                    + "type \(mount.kind.rawValue)"
            )
        }
    }

    /// The owners of a mount; nil where nothing is said of them.
    private mutating func idMap(of mount: Compose.Mount) -> [EngineAPI.Mount.IDMapping]? {
        guard let node = mount.extensions[MountExtension.idMap] else { return nil }
        let texts = node.sequence?.map(\.string) ?? [node.string]
        let mappings = texts.map { $0.flatMap(EngineAPI.Mount.IDMapping.init(_:)) }
        guard !mappings.contains(nil) else {
            refuse(
                "`\(MountExtension.idMap)` of \(mount.target ?? "a mount") is not [u:|g:]HOST:CONTAINER[:COUNT], such as "
                    + "1000:0, or a list of them"
            )
            return nil
        }
        return mappings.compactMap(\.self)
    }

    // MARK: Configs and secrets

    /// Sets the files that the container is given.
    mutating func setFiles() {
        let taken = Set(service.volumes.compactMap(\.target))
        var files: [GivenFile] = []
        for (kind, references) in [("secret", service.secrets), ("config", service.configs)] {
            for reference in references {
                guard let file = file(reference, kind: kind), !taken.contains(file.target) else { continue }
                if !file.source.isEmpty, composer.surroundings.isFolder(file.source) {
                    mount(folder: file, reference)
                } else {
                    files.append(file)
                }
            }
        }
        host.files = Self.list(files)
    }

    /// Mounts a folder that stands for a config or a secret, as Docker Compose does: nothing of it can be kept.
    private mutating func mount(folder: GivenFile, _ reference: FileReference) {
        if reference.uid != nil || reference.gid != nil || reference.mode != nil {
            warn("`uid`, `gid` and `mode` of the \(folder.kind) \(folder.target) have no effect: it is a folder")
        }
        var mount = EngineAPI.Mount()
        (mount.type, mount.source, mount.target, mount.readOnly) = ("bind", folder.source, folder.target, true)
        host.mounts = (host.mounts ?? []) + [mount]
    }

    private mutating func file(_ reference: FileReference, kind: String) -> GivenFile? {
        let key = reference.source ?? ""
        guard let definition = FileDefinition(key, kind: kind, in: project) else {
            refuse("`\(kind)s` names `\(key)`, which is not defined")
            return nil
        }
        var file = GivenFile()
        file.kind = kind
        file.target = GivenFile.place(of: reference.target ?? key, kind: kind)
        file.mode = reference.mode?.bits
        file.uid = owner(reference.uid, "uid", of: key, kind)
        file.gid = owner(reference.gid, "gid", of: key, kind)
        switch definition.content(kind) {
        case .success(.path(let path)): file.source = path
        case .success(.text(let text)): file.content = HiddenBytes(Array(text.utf8))
        case .failure(let reason):
            refuse("\(kind) `\(key)` \(reason.text)")
            return nil
        }
        return file
    }

    private mutating func owner(_ text: String?, _ what: String, of key: String, _ kind: String) -> Int64 {
        guard let text else { return 0 }
        guard let number = Int64(text), (0...Int64(UInt32.max) - 1).contains(number) else {
            refuse(
                "`\(kind)s` gives `\(key)` the \(what) `\(text)`, which is not a number; names are those of the image"
            )
            return 0
        }
        return number
    }

    // MARK: The engine

    /// Mounts the socket of the engine where the service asks for it, where clients of Docker look for it.
    mutating func setEngineSocket() {
        guard service.useAPISocket else { return }
        guard let socket = composer.surroundings.engineSocket else {
            refuse("`use_api_socket` needs an engine with a socket")
            return
        }
        host.binds = (host.binds ?? []) + ["\(socket):/var/run/docker.sock:rw"]
    }
}

/// A config or secret of the project.
private struct FileDefinition {
    var file: String?
    var environment: String?
    var content: String?
    var external: Bool
    var driver: String?
    var templateDriver: String?

    /// Where the content comes from.
    enum Source {
        case path(String)
        case text(String)
    }

    /// Why there is none.
    struct Reason: Error {
        var text: String
    }

    init?(_ key: String, kind: String, in project: Project) {
        if kind == "secret" {
            guard let secret = project.secrets[key] else { return nil }
            (file, environment, content) = (secret.file, secret.environment, secret.content)
            (external, driver, templateDriver) = (secret.external, secret.driver, secret.templateDriver)
        } else {
            guard let config = project.configs[key] else { return nil }
            (file, environment, content) = (config.file, config.environment, config.content)
            (external, driver, templateDriver) = (config.external, config.driver, config.templateDriver)
        }
    }

    func content(_ kind: String) -> Result<Source, Reason> {
        if external {
            return .failure(
                Reason(text: "is `external`, but wharf keeps no \(kind)s; give a `file` or an `environment` variable")
            )
        }
        if let driver {
            return .failure(Reason(text: "has the driver `\(driver)`, but only clusters have drivers of \(kind)s"))
        }
        if let templateDriver {
            return .failure(
                Reason(text: "has the template driver `\(templateDriver)`, but only clusters fill in templates")
            )
        }
        if let file { return .success(.path(file)) }
        if let content { return .success(.text(content)) }
        if let environment {
            return .failure(Reason(text: "comes from the variable `\(environment)`, which is not set"))
        }
        return .success(.text(""))
    }
}
