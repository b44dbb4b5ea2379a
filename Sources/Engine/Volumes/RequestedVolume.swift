// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// The volume of a mount.
struct RequestedVolume: Codable, Equatable, Sendable {
    /// Its name; empty until a volume without one is given one.
    var name: String
    /// Whether it was made for the container without a name, and goes with it where that is asked for.
    var isAnonymous = false
    /// Whether it gets what the image has at its place, where it is new.
    var copies = true
    /// The part of it that is mounted; empty for all of it.
    var subpath = ""
    /// What it is to be where it has to be made.
    var definition = VolumeDefinition()
}

extension RequestedMount {
    /// Whether it is a volume that has no name yet.
    var isUnnamedVolume: Bool {
        if case .volume(let volume) = kind { volume.name.isEmpty } else { false }
    }

    /// Whether other containers get it by `VolumesFrom`: what is in memory is a container's own.
    var isInheritable: Bool {
        switch kind {
        case .tmpfs, .file: false
        case .bind, .volume, .image: true
        }
    }

    /// Gives a volume without a name one.
    ///
    /// - Parameter taken: That of a volume without a name which another container leaves to this one; nil for a new one.
    mutating func nameVolume(_ taken: String? = nil) {
        guard case .volume(var volume) = kind, volume.name.isEmpty else { return }
        volume.name = taken ?? VolumeName.random()
        volume.isAnonymous = true
        volume.definition.labels = (volume.definition.labels ?? [:]).merging([Volume.anonymousLabel: ""]) { $1 }
        kind = .volume(volume)
    }

    /// A volume without a name.
    static func anonymousVolume(at destination: String) -> RequestedMount {
        RequestedMount(kind: .volume(RequestedVolume(name: "")), destination: destination)
    }

    /// The volume of one of `Mounts`.
    ///
    /// - Parameters:
    ///   - mount: The mount.
    ///   - destination: Where, as a clean path.
    ///   - problem: Gives the error for a reason.
    /// - Throws: What is wrong, in the words of Docker where it has some.
    init(
        volume mount: EngineAPI.Mount,
        at destination: String,
        _ problem: (String) -> RequestProblem
    ) throws(RequestProblem) {
        if mount.bindOptions != nil { throw problem("field BindOptions must not be specified") }
        if mount.tmpfsOptions != nil { throw problem("field TmpfsOptions must not be specified") }
        let options = mount.volumeOptions ?? EngineAPI.Mount.VolumeOptions()
        if !mount.source.isEmpty { try VolumeName.check(mount.source) }
        let name = mount.source.isEmpty ? "volume" : mount.source
        try VolumeName.check(driver: options.driverConfig?.name ?? "", of: name)
        var volume = RequestedVolume(name: mount.source)
        volume.copies = !options.noCopy
        volume.subpath = options.subpath
        if !options.subpath.isEmpty {
            // An anonymous volume is empty.
            if mount.source.isEmpty { throw problem("must not set Subpath when using anonymous volumes") }
            guard Self.isLocal(options.subpath) else {
                throw problem("subpath must be a relative path within the volume")
            }
        }
        volume.definition = VolumeDefinition(options: options.driverConfig?.options, labels: options.labels)
        do {
            _ = try LocalVolumeMount(volume.definition.options ?? [:])
        } catch {
            throw problem(error.text)
        }
        self.init(kind: .volume(volume), destination: destination)
        isWritable = !mount.readOnly
        mode = "z"
        owners = try OwnerMap(mount.idMap, problem)
    }

    /// Whether a path, as a text, stays below where it starts: Go's `filepath.IsLocal`.
    static func isLocal(_ path: String) -> Bool {
        guard !path.hasPrefix("/"), path.utf8.count < 4096, !path.utf8.contains(0) else { return false }
        var depth = 0
        for part in path.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return false }
        }
        return true
    }
}
