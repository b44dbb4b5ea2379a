// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux

/// The folders of the engine.
struct FolderChecks {
    let location: EngineLocation

    /// The checks.
    func run() -> [Check] {
        var checks = [folder("data", location.data), folder("runtime", location.runtime), socket()]
        // Where the folder cannot be used, what is on it says nothing.
        if checks[0].status != .problem, let place = Self.nearest(location.data) {
            checks += [space(place), attributes(place), overlay(place), layerForm(place), mappedIDs(place)]
        }
        return checks
    }

    /// The folder, or the first above it that exists.
    private static func nearest(_ path: String) -> String? {
        var path = path
        while true {
            var status = stat()
            if stat(path, &status) == 0 { return path }
            guard errno == ENOENT, path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private func folder(_ name: String, _ path: String) -> Check {
        let remedy = "choose another folder with `--root` or `WHARF_ROOT`, or mend this one"
        guard let place = Self.nearest(path) else {
            let reason = SystemError.text(of: errno)
            return .problem(.folders, name, "\(path) cannot be reached: \(reason)", remedy: remedy)
        }
        var status = stat()
        guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return .problem(.folders, name, "\(place) is no folder", remedy: remedy)
        }
        guard access(place, W_OK | X_OK) == 0 else {
            let reason = SystemError.text(of: errno)
            return .problem(.folders, name, "\(place) cannot be written: \(reason)", remedy: remedy)
        }
        guard place == path else { return .ok(.folders, name, "\(path) will be made in \(place)") }
        guard status.st_uid == geteuid() else {
            return .problem(
                .folders,
                name,
                "\(path) belongs to the user \(status.st_uid) and not to you",
                remedy: "`chown -R \(geteuid()) \(path)` if it is yours, or another folder with `--root`"
            )
        }
        guard status.st_mode & 0o022 == 0 else {
            return .problem(
                .folders,
                name,
                "\(path) can be written by others (mode \(String(status.st_mode & 0o7777, radix: 8)))",
                remedy: "`chmod go-w \(path)`"
            )
        }
        return .ok(.folders, name, path)
    }

    private func socket() -> Check {
        let length = location.socket.utf8.count
        guard length <= EngineLocation.longestSocketPath else {
            return .problem(
                .folders,
                "socket",
                "the path of the socket has \(length) bytes, \(EngineLocation.longestSocketPath) fit: \(location.socket)",
                remedy: "choose a shorter folder with `--root` or `WHARF_ROOT`"
            )
        }
        return .ok(.folders, "socket", location.socket)
    }

    private func space(_ place: String) -> Check {
        do {
            let status = try FileSystemStatus(of: place)
            let message =
                "\(HumanUnits.size(status.available)) free of \(HumanUnits.size(status.size)) for \(location.data)"
            let remedy = "make room: `wharf image prune -a`, `wharf container prune`; or another folder with `--root`"
            if status.available < 100_000_000 { return .problem(.folders, "space", message, remedy: remedy) }
            if status.available < 2_000_000_000 { return .warning(.folders, "space", message, remedy: remedy) }
            return .ok(.folders, "space", message)
        } catch {
            return .warning(.folders, "space", "\(error)", remedy: "look at the file system of \(place)")
        }
    }

    /// Overlays keep what they must know of a layer in extended attributes.
    private func attributes(_ place: String) -> Check {
        let name = FilePath(stringLiteral: ".doctor-\(getpid())")
        let attribute: FilePath = geteuid() == 0 ? "trusted.overlay.doctor" : "user.overlay.doctor"
        do {
            let folder = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
            try folder.makeDirectory(name, mode: 0o700)
            defer { try? folder.remove(name, isDirectory: true) }
            let probe = try folder.open(name.description, O_RDONLY | O_DIRECTORY, resolution: .noLinks)
            try probe.setAttribute(attribute, Array("y".utf8))
            return .ok(.folders, "attributes", "extended attributes on \(Self.kind(of: place))")
        } catch {
            return .problem(
                .folders,
                "attributes",
                "the file system of \(place) (\(Self.kind(of: place))) has no extended attributes: \(error)",
                remedy: "put \(location.data) on ext4, xfs or btrfs, or choose another folder with `--root`"
            )
        }
    }

    private func overlay(_ place: String) -> Check {
        do {
            try KernelFeature.overlay.probe(in: place)
            return .ok(.folders, "overlay", "layers of containers on \(Self.kind(of: place))")
        } catch {
            return .problem(
                .folders,
                "overlay",
                "no overlay can be made on \(Self.kind(of: place)): \(error)",
                remedy:
                    "`modprobe overlay` where the kernel lacks it; an overlay cannot be on another overlay, NFS or FUSE: "
                    + "choose another folder with `--root`"
            )
        }
    }

    private func layerForm(_ place: String) -> Check {
        let remedy =
            "use Linux 6.15 or newer with CONFIG_EROFS_FS_BACKED_BY_FILE and ext4, xfs or btrfs: without it images work "
            + "as well, but take longer to come and to go"
        do {
            switch try LayerForm.best(inFolder: place) {
            case .image:
                return .ok(.folders, "layers", "layers of images as single files (EROFS) on \(Self.kind(of: place))")
            case .folder:
                return .warning(
                    .folders,
                    "layers",
                    "layers of images are folders: this kernel mounts no files of \(Self.kind(of: place))",
                    remedy: remedy
                )
            }
        } catch {
            return .warning(.folders, "layers", "cannot try what form layers of images have: \(error)", remedy: remedy)
        }
    }

    private func mappedIDs(_ place: String) -> Check {
        do {
            try KernelFeature.idMappedMounts.probe(in: place)
            return .ok(.folders, "idMappedMounts", "mounts with mapped ids on \(Self.kind(of: place))")
        } catch {
            return .warning(
                .folders,
                "idMappedMounts",
                "no mounts with mapped ids on \(Self.kind(of: place)): \(error)",
                remedy: "use Linux 5.12 or newer and ext4, xfs or btrfs; only containers with user namespaces need it"
            )
        }
    }

    /// The name of a file system by the number in `linux/magic.h`.
    private static func kind(of path: String) -> String {
        let names: [Int64: String] = [
            0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x0102_1994: "tmpfs", 0x794C_7630: "overlay",
            0x8584_58F6: "ramfs", 0x6969: "nfs", 0x6573_5546: "fuse", 0x2FC1_2FC1: "zfs", 0xF2F5_2010: "f2fs",
            0x7371_7368: "squashfs", 0x0102_1997: "9p",
        ]
        guard let type = try? FileSystemStatus(of: path).type else { return "an unknown file system" }
        return names[type & 0xFFFF_FFFF] ?? "a file system of the type 0x\(String(type & 0xFFFF_FFFF, radix: 16))"
    }
}
