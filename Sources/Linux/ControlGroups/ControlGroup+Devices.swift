// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension ControlGroup {
    /// Puts device rules in force: version 1 has files for them, version 2 runs a program.
    func apply(_ rules: [DeviceRule], isNew: Bool) throws(ControlGroupError) {
        if let tree = hierarchies.legacy.first(where: { $0.controllers.contains("devices") }) {
            let directory = try directory(in: tree, to: "open")
            let list = DeviceAccessList(rules)
            if let (rule, wider) = list.hole {
                throw ControlGroupError(
                    .unsupported,
                    "set devices (\(rule)) for control group \(path)",
                    limit: "devices",
                    reason:
                        "control groups version 1 cannot make an exception from `\(wider)`; name the devices one by one"
                )
            }
            return try apply(list, to: directory)
        }
        guard let unified = hierarchies.unified else {
            throw .noController("devices", limit: "devices")
        }
        let directory = try directory(in: unified, to: "open")
        try attach(DeviceProgram(rules), to: directory, isNew: isNew)
    }

    private func apply(
        _ target: DeviceAccessList,
        to directory: borrowing ControlGroupDirectory
    ) throws(ControlGroupError) {
        let current: DeviceAccessList
        do {
            current = DeviceAccessList(listed: try directory.read("devices.list"))
        } catch {
            throw ControlGroupError("set devices for control group \(path)", error, limit: "devices")
        }
        for (file, line) in current.steps(to: target) {
            do {
                try directory.write(file, line)
            } catch {
                throw ControlGroupError(
                    "set devices (\(line)) for control group \(path)",
                    error,
                    code: .refused,
                    limit: "devices",
                    hint: error.number == EPERM ? "the group above does not allow that device" : ""
                )
            }
        }
    }

    /// Attaches the program of a group, and takes the place of the one that is attached.
    private func attach(
        _ program: DeviceProgram,
        to directory: borrowing ControlGroupDirectory,
        isNew: Bool
    ) throws(ControlGroupError) {
        do {
            let loaded = clinux_bpf_load_device_program(program.code, UInt32(program.code.count))
            let fresh = Descriptor(owning: try SystemError.check(loaded, "bpf", on: directory.path))
            var old: [UInt32] = [0, 0]
            var count = UInt32(old.count)
            if !isNew {
                let result = clinux_bpf_query_device_programs(directory.descriptor.number, &old, &count)
                try SystemError.check(result, "bpf", on: directory.path)
            }
            if isNew || count == 0 {
                let result = clinux_bpf_attach_device_program(directory.descriptor.number, fresh.number, -1)
                try SystemError.check(result, "bpf", on: directory.path)
                return
            }
            let opened = clinux_bpf_program_by_id(old[0])
            let replaced = Descriptor(owning: try SystemError.check(opened, "bpf", on: directory.path))
            let result = clinux_bpf_attach_device_program(directory.descriptor.number, fresh.number, replaced.number)
            try SystemError.check(result, "bpf", on: directory.path)
        } catch {
            throw ControlGroupError(
                "set devices for control group \(path)",
                error,
                code: error.number == EPERM ? .unsupported : .refused,
                limit: "devices",
                hint: error.number == EPERM ? "loading the program needs CAP_BPF, or root" : ""
            )
        }
    }
}

/// What version 1 keeps for a group: a default, and the exceptions from it.
struct DeviceAccessList: Equatable {
    /// The devices that an exception is about.
    struct Key: Hashable, Comparable {
        var kind: DeviceRule.Kind
        var major: UInt32?
        var minor: UInt32?

        private var order: (Character, UInt64, UInt64) {
            (kind.rawValue, major.map { UInt64($0) + 1 } ?? 0, minor.map { UInt64($0) + 1 } ?? 0)
        }

        static func < (left: Key, right: Key) -> Bool {
            left.order < right.order
        }

        /// Whether every device of another key is one of this.
        func covers(_ other: Key) -> Bool {
            kind == other.kind && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
        }

        func line(_ access: DeviceRule.Access) -> String {
            let numbers = [major, minor].map { $0.map(String.init) ?? "*" }
            return "\(kind.rawValue) \(numbers[0]):\(numbers[1]) \(access.letters)"
        }
    }

    private(set) var allowsByDefault = true
    private(set) var exceptions: [Key: DeviceRule.Access] = [:]
    /// The first rule that takes back a part of an exception, and that exception.
    ///
    /// The kernel passes over such a rule without a word.
    private(set) var hole: (rule: String, wider: String)?

    static func == (left: DeviceAccessList, right: DeviceAccessList) -> Bool {
        left.allowsByDefault == right.allowsByDefault && left.exceptions == right.exceptions
    }

    /// What the rules leave in the kernel, one after the other.
    init(_ rules: [DeviceRule]) {
        for rule in rules { add(rule) }
    }

    /// What `devices.list` says.
    ///
    /// A group that allows by default lists `a *:* rwm` and keeps its exceptions to itself.
    init(listed text: String) {
        self.init([])
        allowsByDefault = false
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 3, let kind = fields[0].first.flatMap(DeviceRule.Kind.init(rawValue:)) else {
                continue
            }
            if kind == .all {
                allowsByDefault = true
                continue
            }
            let numbers = fields[1].split(separator: ":").map { UInt32($0) }
            guard numbers.count == 2 else { continue }
            var access: DeviceRule.Access = []
            if fields[2].contains("r") { access.insert(.read) }
            if fields[2].contains("w") { access.insert(.write) }
            if fields[2].contains("m") { access.insert(.create) }
            exceptions[Key(kind: kind, major: numbers[0], minor: numbers[1])] = access
        }
    }

    private mutating func add(_ rule: DeviceRule) {
        if rule.kind == .all, rule.major == nil, rule.minor == nil, rule.access == .all {
            allowsByDefault = rule.allows
            (exceptions, hole) = ([:], nil)
            return
        }
        for kind in rule.kind == .all ? [DeviceRule.Kind.block, .character] : [rule.kind] {
            let key = Key(kind: kind, major: rule.major, minor: rule.minor)
            if rule.allows != allowsByDefault {
                exceptions[key, default: []].formUnion(rule.access)
            } else {
                remove(key, rule.access)
            }
        }
    }

    private mutating func remove(_ key: Key, _ access: DeviceRule.Access) {
        for (other, old) in exceptions {
            if key.covers(other) {
                let new = old.subtracting(access)
                exceptions[other] = new.isEmpty ? nil : new
            } else if other.covers(key), !old.isDisjoint(with: access), hole == nil {
                hole = (key.line(access), other.line(old))
            }
        }
    }

    /// The writes that lead from this list to another: file and line.
    ///
    /// A device that both lists allow stays allowed all the way.
    func steps(to target: DeviceAccessList) -> [(file: String, line: String)] {
        let (add, remove) =
            target.allowsByDefault
            ? (add: "devices.deny", remove: "devices.allow") : (add: "devices.allow", remove: "devices.deny")
        // The exceptions of a group that allows by default cannot be read, so it starts anew.
        if allowsByDefault || target.allowsByDefault {
            return [(remove, "a")] + target.exceptions.sorted { $0.key < $1.key }.map { (add, $0.key.line($0.value)) }
        }
        var steps: [(String, String)] = []
        for (key, access) in exceptions.sorted(by: { $0.key < $1.key }) {
            let gone = access.subtracting(target.exceptions[key] ?? [])
            if !gone.isEmpty { steps.append((remove, key.line(gone))) }
        }
        for (key, access) in target.exceptions.sorted(by: { $0.key < $1.key }) {
            let fresh = access.subtracting(exceptions[key] ?? [])
            if !fresh.isEmpty { steps.append((add, key.line(fresh))) }
        }
        return steps
    }
}
