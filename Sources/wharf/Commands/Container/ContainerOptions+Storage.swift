// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI

import enum Build.CommaSeparatedFields
import enum Compose.ByteCountText
import enum Compose.FilePath
import struct Compose.VolumeSpecification

extension ContainerOptions {
    /// What is mounted.
    func storageOptions() -> [Option] {
        [
            .value(
                "volume",
                short: "v",
                "[source:]target[:options]",
                help: "A folder of the host, or a volume.",
                completion: .files(),
                isRepeatable: true
            ) { text throws(InvalidValue) in try self.addVolume(text) },
            .value(
                "mount",
                "key=value,…",
                help: "A mount in the long form; x-wharf-idmap=[u:|g:]HOST:CONTAINER[:COUNT] maps owners of files "
                    + "(wharf's own).",
                isRepeatable: true
            ) { text throws(InvalidValue) in
                self.host.mounts = (self.host.mounts ?? []) + [try MountText.read(text)]
            },
            .value("tmpfs", "path[:options]", help: "A file system in memory.", isRepeatable: true) {
                text throws(InvalidValue) in
                guard text.hasPrefix("/") else { throw InvalidValue("an absolute path with or without `:OPTIONS`") }
                let colon = text.firstIndex(of: ":") ?? text.endIndex
                let options = String(text[colon...].dropFirst())
                self.host.tmpfs = (self.host.tmpfs ?? [:]).merging([String(text[..<colon]): options]) { $1 }
            },
            fileOption("secret"),
            fileOption("config"),
            list("volumes-from", "container", "The mounts of another container.", \.host.volumesFrom),
            text("volume-driver", "driver", "The driver of its volumes.", \.host.volumeDriver),
            bytes("shm-size", "The size of /dev/shm.", \.host.shmSize),
        ]
    }

    /// A mount with a source is a bind of the request, one without a volume that has no name.
    private func addVolume(_ text: String) throws(InvalidValue) {
        let volume: VolumeSpecification
        do {
            volume = try VolumeSpecification.parse(text)
        } catch {
            throw InvalidValue("[SOURCE:]TARGET[:OPTIONS] (\(error.message))")
        }
        if volume.source.isEmpty {
            config.volumes = (config.volumes ?? [:]).merging([text: EmptyObject()]) { $1 }
            return
        }
        guard volume.kind == .bind, text.hasPrefix("."), let colon = text.firstIndex(of: ":") else {
            host.binds = (host.binds ?? []) + [text]
            return
        }
        guard let folder = try? ProjectLoading.currentDirectory() else {
            throw InvalidValue("an absolute path: the current folder is unknown")
        }
        let source = FilePath.clean(folder + "/" + text[..<colon])
        host.binds = (host.binds ?? []) + [source + text[colon...]]
    }
}

/// The value of `--mount`: `KEY=VALUE` pairs with commas between them.
struct MountText {
    private var mount = Mount()
    private var bind = Mount.BindOptions()
    private var volume = Mount.VolumeOptions()
    private var tmpfs = Mount.TmpfsOptions()
    private var image = Mount.ImageOptions()
    /// The kinds of mounts that options were given for.
    private var kinds: Set<String> = []
    private var recursion = ""

    /// Reads a mount.
    static func read(_ text: String) throws(InvalidValue) -> Mount {
        var reader = MountText()
        reader.mount.type = "volume"
        for field in try CommaSeparated.fields(text) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            try reader.set(parts[0].lowercased(), parts.count == 2 ? parts[1] : nil)
        }
        return try reader.finish()
    }

    private mutating func set(_ key: String, _ written: String?) throws(InvalidValue) {
        switch key {
        case "readonly", "ro": mount.readOnly = try Self.boolean(written, key)
        case "volume-nocopy":
            volume.noCopy = try Self.boolean(written, key)
            kinds.insert("volume")
        case "bind-nonrecursive":
            bind.nonRecursive = try Self.boolean(written, key)
            kinds.insert("bind")
        default:
            guard let written else { throw InvalidValue("`KEY=VALUE` pairs; `\(key)` has no value") }
            try set(key, value: written)
        }
    }

    private mutating func set(_ key: String, value: String) throws(InvalidValue) {
        switch key {
        case "type": mount.type = value.lowercased()
        case "source", "src": mount.source = value
        case "target", "dst", "destination": mount.target = value
        case "consistency": mount.consistency = value.lowercased()
        case "bind-propagation": bind.propagation = value.lowercased()
        case "bind-recursive": recursion = value.lowercased()
        case "volume-subpath": volume.subpath = value
        case "volume-driver": driver { $0.name = value }
        case "volume-label": volume.labels = Self.adding(value, to: volume.labels)
        case "volume-opt": driver { $0.options = Self.adding(value, to: $0.options) }
        case "image-subpath": image.subpath = value
        case "x-wharf-idmap":
            mount.idMap = (mount.idMap ?? []) + [try Self.idMapping(value)]
            return
        case "tmpfs-size": tmpfs.sizeBytes = try ByteCountText.read(value)
        case "tmpfs-mode":
            guard let mode = Int64(value, radix: 8), (0...0o7777).contains(mode) else {
                throw InvalidValue("`KEY=VALUE` pairs; `tmpfs-mode` is an octal number such as 1777")
            }
            tmpfs.mode = mode
        default: throw InvalidValue("`KEY=VALUE` pairs; there is no key `\(key)`")
        }
        if let dash = key.firstIndex(of: "-") { kinds.insert(String(key[..<dash])) }
    }

    /// `[u:|g:]HOST:CONTAINER[:COUNT]`.
    private static func idMapping(_ text: String) throws(InvalidValue) -> Mount.IDMapping {
        guard let mapping = Mount.IDMapping(text) else {
            throw InvalidValue("`KEY=VALUE` pairs; `x-wharf-idmap` is [u:|g:]HOST:CONTAINER[:COUNT]")
        }
        return mapping
    }

    private mutating func driver(_ change: (inout Mount.DriverConfig) -> Void) {
        var driver = volume.driverConfig ?? Mount.DriverConfig()
        change(&driver)
        volume.driverConfig = driver
    }

    private static func adding(_ pair: String, to map: [String: String]?) -> [String: String] {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (map ?? [:]).merging([parts[0]: parts.count == 2 ? parts[1] : ""]) { $1 }
    }

    private static func boolean(_ text: String?, _ key: String) throws(InvalidValue) -> Bool {
        switch text {
        case nil, "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw InvalidValue("`KEY=VALUE` pairs; `\(key)` is true or false")
        }
    }

    private mutating func finish() throws(InvalidValue) -> Mount {
        guard ["bind", "volume", "tmpfs", "image", "cluster", "npipe"].contains(mount.type) else {
            throw InvalidValue("of type bind, volume, tmpfs or image")
        }
        if mount.target.isEmpty { throw InvalidValue("a mount with a `target`") }
        if let other = kinds.sorted().first(where: { $0 != mount.type }) {
            throw InvalidValue("without `\(other)-…`, which a mount of type \(mount.type) does not have")
        }
        if mount.type == "bind", mount.source == "." || mount.source.hasPrefix("./") || mount.source.hasPrefix("../"),
            let folder = try? ProjectLoading.currentDirectory()
        {
            mount.source = FilePath.clean(folder + "/" + mount.source)
        }
        try setRecursion()
        if bind != Mount.BindOptions() { mount.bindOptions = bind }
        if volume != Mount.VolumeOptions() { mount.volumeOptions = volume }
        if image != Mount.ImageOptions() { mount.imageOptions = image }
        if tmpfs != Mount.TmpfsOptions() { mount.tmpfsOptions = tmpfs }
        return mount
    }

    private mutating func setRecursion() throws(InvalidValue) {
        switch recursion {
        case "", "enabled": break
        case "disabled": bind.nonRecursive = true
        case "writable": bind.readOnlyNonRecursive = true
        case "readonly": bind.readOnlyForceRecursive = true
        default: throw InvalidValue("with `bind-recursive` enabled, disabled, writable or readonly")
        }
        if (recursion == "writable" || recursion == "readonly") && !mount.readOnly {
            throw InvalidValue("`readonly` where `bind-recursive` is \(recursion)")
        }
        if recursion == "readonly", bind.propagation != "rprivate" {
            throw InvalidValue("with `bind-propagation=rprivate` where `bind-recursive` is readonly")
        }
    }
}

/// Fields with commas between them, of which those in quotation marks may hold commas (RFC 4180).
enum CommaSeparated {
    /// The fields of a text.
    static func fields(_ text: String) throws(InvalidValue) -> [String] {
        guard let fields = CommaSeparatedFields.read(text) else {
            throw InvalidValue("a list with an end to each quotation mark")
        }
        return fields
    }
}
