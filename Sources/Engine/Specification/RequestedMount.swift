// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

/// A mount that a request asks for, in one form for the three places where requests have them.
struct RequestedMount: Codable, Equatable, Sendable {
    enum Kind: Codable, Equatable, Sendable {
        /// A path of the host.
        case bind(source: String, createsSource: Bool)
        /// Memory, with the options of mount(8).
        case tmpfs([String])
        /// Data that outlives the container.
        case volume(RequestedVolume)
        /// The root file system of an image, or a part of it.
        case image(RequestedImage)
        /// A file of the request itself.
        case file(RequestedFile)
    }

    var kind: Kind
    /// A clean absolute path inside the container.
    var destination: String
    var isWritable = true
    /// Whether what is mounted below the source comes along.
    var isRecursive = true
    /// Whether what is mounted below can be written to although the mount itself cannot.
    var leavesLowerWritable = false
    /// As mount(8) names it.
    var propagation = ""
    /// The options as the request has them.
    var mode = ""
    /// How the owners of files are mapped; nil for not at all.
    var owners: OwnerMap?

    /// How inspections show it.
    ///
    /// - Parameter volumes: The folder of all volumes.
    /// - Returns: The mount of the inspection; nil for a file of the request, which is shown there.
    func point(volumes: String) -> MountPoint? {
        var point = MountPoint()
        point.destination = destination
        point.mode = mode
        point.isWritable = isWritable
        point.propagation = propagation
        switch kind {
        case .bind(let source, _): (point.type, point.source) = ("bind", source)
        case .tmpfs: point.type = "tmpfs"
        case .volume(let volume):
            (point.type, point.name, point.driver) = ("volume", volume.name, "local")
            point.source = VolumeFolder.data(of: volume.name, below: volumes)
        case .image(let image): (point.type, point.source) = ("image", image.name)
        case .file: return nil
        }
        return point
    }

    /// The mount for the runtime.
    ///
    /// - Parameter prepared: The path by which is found what the engine has ready for it, where it is no path of the host.
    /// - Returns: The mount of the specification.
    func specification(prepared: String = "") -> RuntimeSpec.Mount {
        switch kind {
        case .bind(let source, _): return bound(source)
        case .volume, .image: return bound(prepared)
        case .file:
            // A config may be a program, though what it lies in on the host lets nothing be run.
            let options = ["bind", "rprivate", "ro", "nosuid", "nodev", "exec"]
            return RuntimeSpec.Mount(destination: destination, type: "bind", source: prepared, options: options)
        case .tmpfs(let options):
            return RuntimeSpec.Mount(destination: destination, type: "tmpfs", source: "tmpfs", options: options)
        }
    }

    private func bound(_ source: String) -> RuntimeSpec.Mount {
        var options = [isRecursive ? "rbind" : "bind", propagation.isEmpty ? "rprivate" : propagation]
        if !isWritable { options.append(leavesLowerWritable || !isRecursive ? "ro" : "rro") }
        if owners != nil { options.append(isRecursive ? "ridmap" : "idmap") }
        var mount = RuntimeSpec.Mount(destination: destination, type: "bind", source: source, options: options)
        mount.uidMappings = owners?.userMappings ?? []
        mount.gidMappings = owners?.groupMappings ?? []
        return mount
    }
}

/// What is wrong with a part of a request, in words for the client.
struct RequestProblem: Error, Equatable {
    var text: String

    init(_ text: String) {
        self.text = text
    }
}

// MARK: The three places

extension RequestedMount {
    /// What one of `Binds` stands for.
    ///
    /// - Parameter text: `source:target[:options]`, or a target alone for a volume without a name.
    /// - Returns: The mount.
    /// - Throws: What is wrong, in the words of Docker where it has some.
    static func bind(_ text: String) throws(RequestProblem) -> RequestedMount {
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        let problem = RequestProblem("invalid volume specification: '\(text)'")
        guard (1...3).contains(parts.count), !parts.contains("") else { throw problem }
        if parts.count == 1 { return .anonymousVolume(at: try destination(parts[0], "volume")) }
        // A target and options: a volume without a name has none.
        if parts.count == 2, (try? BindMode(parts[1])) != nil, !parts[1].hasPrefix("/") { throw problem }
        let mode = parts.count == 3 ? parts[2] : ""
        let options = try BindMode(mode)
        guard parts[0].hasPrefix("/") else {
            try VolumeName.check(parts[0])
            if options.propagation != nil { throw RequestProblem("invalid mode: \(mode)") }
            let volume = RequestedVolume(name: parts[0], copies: !options.isWithoutCopy)
            var mount = RequestedMount(kind: .volume(volume), destination: try destination(parts[1], "volume"))
            mount.isWritable = !options.isReadOnly
            // What Docker shows where nothing is said.
            mount.mode = mode.isEmpty ? "z" : mode
            return mount
        }
        let kind = Kind.bind(source: HostPath.clean(parts[0]), createsSource: true)
        var mount = RequestedMount(kind: kind, destination: try destination(parts[1], "bind"))
        mount.isWritable = !options.isReadOnly
        mount.propagation = options.propagation ?? "rprivate"
        mount.mode = mode
        return mount
    }

    /// What one of `Mounts` stands for.
    ///
    /// - Parameter mount: The mount.
    /// - Throws: What is wrong, in the words of Docker where it has some.
    init(_ mount: EngineAPI.Mount) throws(RequestProblem) {
        func problem(_ reason: String) -> RequestProblem {
            RequestProblem("invalid mount config for type \"\(mount.type)\": \(reason)")
        }
        switch mount.type {
        case "bind", "image", "tmpfs", "volume": break
        case "cluster", "npipe": throw problem("mounts of this type are not supported")
        default: throw problem("mount type unknown")
        }
        guard !mount.target.isEmpty else { throw problem("field Target must not be empty") }
        if mount.volumeOptions != nil, mount.type != "volume" {
            throw problem("field VolumeOptions must not be specified")
        }
        if mount.imageOptions != nil, mount.type != "image" {
            throw problem("field ImageOptions must not be specified")
        }
        if mount.idMap != nil, mount.type != "bind", mount.type != "volume" {
            throw problem("field XWharfIDMap must not be specified")
        }
        let destination = try Self.destination(mount.target, mount.type)
        switch mount.type {
        case "bind": try self.init(bind: mount, at: destination, problem)
        case "volume": try self.init(volume: mount, at: destination, problem)
        case "image": try self.init(image: mount, at: destination, problem)
        default: try self.init(tmpfs: mount, at: destination, problem)
        }
    }

    private init(
        bind mount: EngineAPI.Mount,
        at destination: String,
        _ problem: (String) -> RequestProblem
    ) throws(RequestProblem) {
        if mount.source.isEmpty { throw problem("field Source must not be empty") }
        if mount.tmpfsOptions != nil { throw problem("field TmpfsOptions must not be specified") }
        guard mount.source.hasPrefix("/") else {
            throw problem("invalid mount path: '\(mount.source)' mount path must be absolute")
        }
        let options = mount.bindOptions ?? EngineAPI.Mount.BindOptions()
        guard options.propagation.isEmpty || BindMode.propagations.contains(options.propagation) else {
            throw problem("invalid propagation mode: \(options.propagation)")
        }
        if options.readOnlyNonRecursive || options.readOnlyForceRecursive {
            let name = options.readOnlyNonRecursive ? "ReadOnlyNonRecursive" : "ReadOnlyForceRecursive"
            guard mount.readOnly else { throw problem("mount must be ReadOnly when \(name) is set") }
            guard !(options.readOnlyNonRecursive && options.readOnlyForceRecursive) else {
                throw problem("ReadOnlyForceRecursive and ReadOnlyNonRecursive cannot be set together")
            }
        }
        let source = HostPath.clean(mount.source)
        self.init(kind: .bind(source: source, createsSource: options.createMountpoint), destination: destination)
        isWritable = !mount.readOnly
        isRecursive = !options.nonRecursive
        leavesLowerWritable = options.readOnlyNonRecursive
        propagation = options.propagation.isEmpty ? "rprivate" : options.propagation
        owners = try OwnerMap(mount.idMap, problem)
    }

    private init(
        tmpfs mount: EngineAPI.Mount,
        at destination: String,
        _ problem: (String) -> RequestProblem
    ) throws(RequestProblem) {
        if !mount.source.isEmpty { throw problem("field Source must not be specified") }
        if mount.bindOptions != nil { throw problem("field BindOptions must not be specified") }
        var words: [String] = []
        let options = mount.tmpfsOptions ?? EngineAPI.Mount.TmpfsOptions()
        guard options.sizeBytes >= 0 else { throw problem("SizeBytes is below 0: \(options.sizeBytes)") }
        guard (0...0o7777).contains(options.mode) else { throw problem("Mode is not a file's: \(options.mode)") }
        if options.mode != 0 { words.append("mode=\(String(options.mode, radix: 8))") }
        if options.sizeBytes != 0 { words.append("size=\(options.sizeBytes)") }
        for option in options.options ?? [] {
            guard (1...2).contains(option.count) else {
                throw problem("invalid option array of length \(option.count)")
            }
            words.append(option.joined(separator: "="))
        }
        self.init(kind: .tmpfs(try TmpfsOptions.merged(words)), destination: destination)
        isWritable = !mount.readOnly
        if mount.readOnly { kind = .tmpfs(try TmpfsOptions.merged(words + ["ro"])) }
    }

    /// What one of `Tmpfs` stands for.
    ///
    /// - Parameters:
    ///   - path: Where.
    ///   - options: Separated by commas, as mount(8) takes them.
    /// - Throws: What is wrong, in the words of Docker where it has some.
    init(tmpfs path: String, options: String) throws(RequestProblem) {
        let words = options.split(separator: ",").map(String.init)
        self.init(kind: .tmpfs(try TmpfsOptions.merged(words)), destination: try Self.destination(path, "tmpfs"))
        isWritable = words.last { $0 == "ro" || $0 == "rw" } != "ro"
        mode = options
    }

    /// A clean path inside the container at which something can be mounted.
    ///
    /// - Parameters:
    ///   - path: The path as the request has it.
    ///   - type: The type of the mount, for errors.
    /// - Returns: The path without `.`, `..` and doubled slashes.
    /// - Throws: What is wrong, in the words of Docker.
    static func destination(_ path: String, _ type: String) throws(RequestProblem) -> String {
        func problem(_ reason: String) -> RequestProblem {
            RequestProblem("invalid mount config for type \"\(type)\": \(reason)")
        }
        guard path.hasPrefix("/") else {
            throw problem("invalid mount path: '\(path)' mount path must be absolute")
        }
        guard path.utf8.count < 4096, !path.utf8.contains(0) else { throw problem("the path is too long for Linux") }
        let clean = HostPath.clean(path)
        guard clean != "/" else { throw problem("invalid specification: destination can't be '/'") }
        // A mount there could feign what programs trust of the kernel.
        guard clean != "/proc", !clean.hasPrefix("/proc/") else {
            throw problem("\"\(clean)\" cannot be mounted because it is inside /proc")
        }
        return clean
    }
}

// MARK: Options

/// The options of one of `Binds`.
struct BindMode {
    static let propagations: Set = ["private", "rprivate", "slave", "rslave", "shared", "rshared"]

    var isReadOnly = false
    /// Whether a new volume gets nothing of what the image has at its place.
    var isWithoutCopy = false
    var propagation: String?

    /// Reads options; those for SELinux and for other systems are understood and have no effect.
    ///
    /// - Parameter text: The options with commas between them.
    /// - Throws: What is wrong, in the words of Docker.
    init(_ text: String) throws(RequestProblem) {
        if text.isEmpty { return }
        var seen: Set<String> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let kind: String
            switch word {
            case "ro", "rw":
                kind = "access"
                isReadOnly = word == "ro"
            case "z", "Z": kind = "label"
            case "nocopy":
                kind = "copy"
                isWithoutCopy = true
            case "consistent", "cached", "delegated": kind = "consistency"
            case _ where Self.propagations.contains(word):
                kind = "propagation"
                propagation = word
            default: throw RequestProblem("invalid mode: \(text)")
            }
            guard seen.insert(kind).inserted else { throw RequestProblem("invalid mode: \(text)") }
        }
    }
}

/// The options of a tmpfs.
enum TmpfsOptions {
    private static let flags: Set = [
        "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount", "mand",
        "nomand", "atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime",
        "nostrictatime", "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable",
    ]
    /// Understood by mount(8), and without meaning for a new mount of memory.
    private static let withoutEffect: Set = ["sync", "async", "dirsync", "remount", "mand", "nomand"]
    private static let parameters: Set = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]

    /// Options over Docker's defaults; a later one wins over its opposite.
    ///
    /// - Parameter words: The options.
    /// - Returns: All options for the mount.
    /// - Throws: The one that is not for a tmpfs, in the words of Docker.
    static func merged(_ words: [String]) throws(RequestProblem) -> [String] {
        var result = ["noexec", "nosuid", "nodev"]
        for word in words where !word.isEmpty {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let isKnown = parts.count == 1 ? flags.contains(word) : parameters.contains(parts[0])
            guard isKnown else { throw RequestProblem("Invalid tmpfs option \"\(word)\"") }
            if parts.count == 2 {
                result.removeAll { $0.hasPrefix(parts[0] + "=") }
                result.append("\(parts[0])=\(try value(parts[1], of: parts[0], word))")
                continue
            }
            if withoutEffect.contains(word) { continue }
            let opposite = word.hasPrefix("no") ? String(word.dropFirst(2)) : "no" + word
            result.removeAll { [word, opposite].contains($0) || Set([$0, word]) == ["ro", "rw"] }
            result.append(word)
        }
        return result
    }

    private static func value(_ text: String, of key: String, _ option: String) throws(RequestProblem) -> String {
        let isValid: Bool
        switch key {
        case "mode": isValid = UInt32(text, radix: 8).map { $0 <= 0o7777 } == true
        case "uid", "gid": isValid = UInt32(text).map { $0 <= UInt32(Int32.max) } == true
        case "mpol": isValid = !text.isEmpty && text.utf8.count < 256
        default:
            let digits = text.last.map { "kKmMgGtTpPeE%".contains($0) } == true ? text.dropLast() : text[...]
            isValid = UInt64(digits) != nil && (key == "size" || !text.hasSuffix("%"))
        }
        guard isValid else { throw RequestProblem("Invalid tmpfs option \"\(option)\"") }
        return text
    }
}

/// Paths as texts.
enum HostPath {
    /// The shortest path that means the same, as far as the text alone tells: Go's `filepath.Clean` for absolute paths.
    static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
