// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI

/// The device nodes of the host.
enum HostDevices {
    /// A node for the container, and the rule that lets it be used.
    struct Entry: Equatable {
        var device: RuntimeSpec.Device
        var rule: RuntimeSpec.DeviceRule
    }

    /// Directories of `/dev` that are file systems of their own or only lead to others.
    private static let skipped: Set = [
        "pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console", "ptmx", "core", "stdin", "stdout",
        "stderr",
    ]
    private static let deepest = 8
    private static let most = 4096

    /// The devices of a mapping: one node, or all in a directory.
    ///
    /// - Parameter mapping: The mapping.
    /// - Returns: The devices.
    /// - Throws: What the host does not have, in the words of Docker.
    static func entries(for mapping: DeviceMapping) throws(RequestProblem) -> [Entry] {
        let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
        let target = HostPath.clean(mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer)
        do throws(SystemError) {
            let file = try Descriptor.open(mapping.pathOnHost, OpenFlags.pathOnly)
            let status = try file.status()
            if let entry = entry(status, at: target, access) { return [entry] }
            guard status.kind == .directory else { throw SystemError("open", ENODEV) }
            var found: [Entry] = []
            try walk(Descriptor.open(mapping.pathOnHost, O_RDONLY | O_DIRECTORY), target, access, deepest, [], &found)
            return found
        } catch {
            let reason = error.number == ENODEV ? "not a device node" : SystemError.text(of: error.number)
            throw RequestProblem(
                "error gathering device information while adding custom device \"\(mapping.pathOnHost.prefix(256))\": "
                    + reason
            )
        }
    }

    /// Every device of the host, for a privileged container; empty where `/dev` cannot be read.
    static func all() -> [Entry] {
        var found: [Entry] = []
        guard let folder = try? Descriptor.open("/dev", O_RDONLY | O_DIRECTORY) else { return [] }
        try? walk(folder, "/dev", "rwm", deepest, skipped, &found)
        return found
    }

    private static func walk(
        _ folder: borrowing Descriptor,
        _ path: String,
        _ access: String,
        _ depth: Int,
        _ skipped: Set<String>,
        _ found: inout [Entry]
    ) throws(SystemError) {
        guard depth > 0 else { return }
        for name in try folder.entries().sorted() {
            let text = name.description
            guard !skipped.contains(text), found.count < most, FilePath(text.utf8) == name,
                let status = try folder.status(of: name)
            else { continue }
            if status.kind == .directory {
                guard let inner = try? folder.open(name, O_RDONLY | O_DIRECTORY) else { continue }
                try walk(inner, "\(path)/\(text)", access, depth - 1, [], &found)
            } else if let entry = entry(status, at: "\(path)/\(text)", access) {
                found.append(entry)
            }
        }
    }

    private static func entry(_ status: FileStatus, at path: String, _ access: String) -> Entry? {
        let isBlock = status.kind == .blockDevice
        guard isBlock || status.kind == .characterDevice else { return nil }
        let (major, minor) = (Int64(status.deviceNumber.major), Int64(status.deviceNumber.minor))
        let kind: RuntimeSpec.Device.Kind = isBlock ? .block : .character
        var device = RuntimeSpec.Device(path: path, type: kind, major: major, minor: minor)
        device.fileMode = status.permissions
        (device.uid, device.gid) = (status.uid, status.gid)
        let type: RuntimeSpec.DeviceRule.Kind = isBlock ? .block : .character
        let rule = RuntimeSpec.DeviceRule(allow: true, type: type, major: major, minor: minor, access: access)
        return Entry(device: device, rule: rule)
    }

    /// The number of a block device.
    ///
    /// - Parameters:
    ///   - path: Its path on the host.
    ///   - field: The field that names it, for errors.
    /// - Returns: The number.
    /// - Throws: Where there is no block device.
    static func blockDevice(_ path: String, _ field: String) throws(RequestProblem) -> (major: Int64, minor: Int64) {
        let reason: String
        do throws(SystemError) {
            let status = try Descriptor.open(path, OpenFlags.pathOnly).status()
            if status.kind == .blockDevice {
                return (Int64(status.deviceNumber.major), Int64(status.deviceNumber.minor))
            }
            reason = "it is not a block device"
        } catch {
            reason = SystemError.text(of: error.number)
        }
        throw RequestProblem("\(field): cannot use the device `\(path.prefix(256))`: \(reason)")
    }
}

/// One of `DeviceCgroupRules`.
enum DeviceRuleText {
    /// Reads a rule such as `c 10:229 rwm`, in which a number may be `*`.
    ///
    /// - Parameter text: The rule.
    /// - Returns: The rule for the runtime.
    /// - Throws: Where it has another form, in the words of Docker.
    static func parse(_ text: String) throws(RequestProblem) -> RuntimeSpec.DeviceRule {
        let problem = RequestProblem("invalid device cgroup rule format: '\(text.prefix(64))'")
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let kind = RuntimeSpec.DeviceRule.Kind(rawValue: String(words[0])) else {
            throw problem
        }
        let numbers = words[1].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 2, (1...3).contains(words[2].count), words[2].allSatisfy({ "rwm".contains($0) }) else {
            throw problem
        }
        func number(_ text: Substring) throws(RequestProblem) -> Int64 {
            if text == "*" { return -1 }
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text) else { throw problem }
            return Int64(number)
        }
        return RuntimeSpec.DeviceRule(
            allow: true,
            type: kind,
            major: try number(numbers[0]),
            minor: try number(numbers[1]),
            access: String(words[2])
        )
    }
}
