// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSandbox
import Glibc
import Linux
import OCI

extension ContainerPlanner {
    /// The nodes and links that every container has, by the runtime specification's Linux part.
    private static let standardDevices: [RuntimeSpec.Device] = [
        device("null", 1, 3), device("zero", 1, 5), device("full", 1, 7),
        device("random", 1, 8), device("urandom", 1, 9), device("tty", 5, 0),
    ]

    private static let links =
        [
            ("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"), ("pts/ptmx", "ptmx"),
        ]
        // Not every kernel has it, and a link to nothing helps nobody.
        + (access("/proc/kcore", F_OK) == 0 ? [("/proc/kcore", "core")] : [])

    private static func device(_ name: String, _ major: Int64, _ minor: Int64) -> RuntimeSpec.Device {
        var device = RuntimeSpec.Device(path: "/dev/\(name)", type: .character, major: major, minor: minor)
        device.fileMode = 0o666
        return device
    }

    private var devices: [RuntimeSpec.Device] {
        let own = Set(linux.devices.map(\.path))
        return Self.standardDevices.filter { !own.contains($0.path) } + linux.devices
    }

    /// Fills a fresh `/dev` before anything of the container can be seen in it.
    mutating func addDevices(to tree: Slot) throws(LaunchError) {
        for device in linux.devices {
            let parts = device.path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count > 2, parts[0].isEmpty, parts[1] == "dev", !parts[2...].contains(where: Self.isNoName)
            else {
                throw .specification(field: "linux.devices", "`\(device.path)` does not lie in /dev")
            }
        }
        builder.describe("linux.devices")
        for (target, name) in Self.links {
            builder.add(CSANDBOX_MAKE_LINK, "symlinkat", on: "/dev/\(name)", tree, text: target, second: name)
        }
        // The kernel lets nobody make nodes in a user namespace: there they are bound from the host.
        guard !isOwn(.user) else { return }
        var made: Set<String> = []
        for device in devices {
            let name = String(device.path.dropFirst("/dev/".count))
            makeFolders(of: name, in: tree, made: &made)
            builder.add(
                CSANDBOX_MAKE_NODE,
                "mknodat",
                on: device.path,
                tree,
                x: UInt64(device.nodeMode),
                y: device.number,
                z: UInt64(device.uid ?? 0) << 32 | UInt64(device.gid ?? 0),
                text: name
            )
        }
    }

    private static func isNoName(_ part: Substring) -> Bool {
        part.isEmpty || part == "." || part == ".."
    }

    private mutating func makeFolders(of name: String, in tree: Slot, made: inout Set<String>) {
        var folder = ""
        for part in name.split(separator: "/").dropLast() {
            folder += (folder.isEmpty ? "" : "/") + part
            if made.insert(folder).inserted {
                builder.add(CSANDBOX_MAKE_DIRECTORY, "mkdirat", tree, x: 0o755, text: folder)
            }
        }
    }

    /// Binds the host's nodes into a `/dev` that has just been attached.
    mutating func bindDevices() throws(LaunchError) {
        guard isOwn(.user) else { return }
        for device in devices {
            let field = "linux.devices (\(device.path))"
            let number = try open(field) { () throws(SystemError) in
                try HostDevice.tree(of: device.path, number: device.number, isBlock: device.type == .block)
            }
            builder.describe(field)
            let place = builder.slot()
            let kind = UInt64(CSANDBOX_TARGET_FILE.rawValue)
            builder.add(CSANDBOX_TARGET, "openat2", root, place, x: kind, text: device.path)
            builder.add(CSANDBOX_ATTACH, "move_mount", on: device.path, builder.input(number), place)
            builder.close(place)
        }
    }

    /// Opens the terminal and binds it to `/dev/console`.
    mutating func openTerminal() throws(LaunchError) {
        guard request.streams == .terminal else { return }
        guard let terminals else {
            throw .specification(field: "process.terminal", "needs a devpts among the mounts")
        }
        let terminal = ProcessSteps.openTerminal(in: terminals, size: process.consoleSize, &builder)
        self.terminal = terminal
        let (tree, place) = (builder.slot(), builder.slot())
        builder.add(CSANDBOX_CLONE_TREE, "open_tree", on: "/dev/console", terminal, tree)
        let kind = UInt64(CSANDBOX_TARGET_FILE.rawValue)
        builder.add(CSANDBOX_TARGET, "openat2", root, place, x: kind, text: "/dev/console")
        builder.add(CSANDBOX_ATTACH, "move_mount", on: "/dev/console", tree, place)
        builder.close(tree)
        builder.close(place)
    }
}

extension RuntimeSpec.Device {
    /// The mode of mknod(2): the kind and the permissions.
    fileprivate var nodeMode: UInt32 {
        let kind: UInt32 =
            switch type {
            case .character, .unbuffered: S_IFCHR
            case .block: S_IFBLK
            case .fifo: S_IFIFO
            }
        return kind | (fileMode ?? 0o666) & 0o7777
    }

    /// The number in the kernel's encoding (`makedev(3)`).
    fileprivate var number: UInt64 {
        guard type != .fifo else { return 0 }
        let (major, minor) = (UInt64(bitPattern: major), UInt64(bitPattern: minor))
        return (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff
    }
}
