// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSandbox
import Glibc
import Linux
import OCI

/// The last part of a plan: streams, limits, identity, program.
///
/// It is the same for a container's first process and for one that joins it. Its paths are those of the container.
struct ProcessSteps {
    let process: RuntimeSpec.Process
    var streams: StandardStreams
    /// The process's end of its terminal.
    var terminal: Slot?
    var filter: [UInt8]?
    var filterFlags: UInt32 = 0
    var hasInit = false
    var gate: Int32?
    var deathSignal: Int32?
    var personality: RuntimeSpec.Personality?
    /// What the process's ids stand for outside its user namespace; nil where it has the host's.
    var userNamespace: UserNamespace.Maps?

    /// What the capability lists of the specification hold, as sets.
    private struct Capabilities {
        var bounding, effective, permitted, inheritable, ambient: CapabilitySet
    }

    /// Appends the steps.
    ///
    /// - Parameter builder: The plan so far.
    /// - Throws: The field that cannot be honoured.
    func append(to builder: inout PlanBuilder) throws(LaunchError) {
        builder.describe("process")
        builder.add(CSANDBOX_SESSION, "setsid")
        builder.add(CSANDBOX_KEYRING, "keyctl")
        try addStreams(to: &builder)
        builder.describe("process.cwd")
        // Before the limits, which may leave no descriptor for it; a link into /proc/PID/fd could lead to the host.
        let folder = builder.open(
            process.cwd,
            in: .none,
            flags: CLINUX_O_PATH | O_DIRECTORY,
            resolve: RESOLVE_NO_MAGICLINKS
        )
        try addLimits(to: &builder)
        let hasEarlyFilter = !process.noNewPrivileges
        if let filter, hasEarlyFilter {
            // Without no_new_privs a filter takes CAP_SYS_ADMIN, which is about to go.
            builder.describe("linux.seccomp")
            builder.installFilter(filter, flags: UInt64(filterFlags))
        }
        try addIdentity(to: &builder)
        if let deathSignal {
            builder.add(CSANDBOX_DEATH_SIGNAL, "prctl", x: UInt64(deathSignal))
        }
        builder.describe("process.cwd")
        builder.add(CSANDBOX_DIRECTORY, "chdir", folder, text: process.cwd)
        if let filter, !hasEarlyFilter {
            builder.describe("linux.seccomp")
            builder.installFilter(filter, flags: UInt64(filterFlags))
        }
        addProgram(to: &builder)
    }

    // MARK: Streams

    /// Opens a terminal in an instance of devpts; its master goes to the launcher.
    ///
    /// - Parameters:
    ///   - devpts: The root of the instance.
    ///   - size: The size of the terminal.
    ///   - builder: The plan so far.
    /// - Returns: The process's end.
    static func openTerminal(in devpts: Slot, size: RuntimeSpec.ConsoleSize?, _ builder: inout PlanBuilder) -> Slot {
        builder.describe("process.terminal")
        let (master, terminal) = (builder.slot(), builder.slot())
        let (columns, rows) = (UInt64(size?.width ?? 0), UInt64(size?.height ?? 0))
        builder.add(CSANDBOX_OPEN_PTY, "openat2", on: "ptmx", devpts, master, terminal, x: columns, y: rows)
        builder.add(CSANDBOX_SEND, "sendmsg", on: "the terminal", master)
        builder.close(master)
        return terminal
    }

    private func addStreams(to builder: inout PlanBuilder) throws(LaunchError) {
        switch streams {
        case .terminal:
            guard let terminal else { return }
            builder.describe("process.terminal")
            builder.add(CSANDBOX_CHOWN, "fchown", on: "the terminal", terminal, x: UInt64(process.user.uid), y: 5)
            builder.add(CSANDBOX_TERMINAL, "ioctl", on: "TIOCSCTTY", terminal)
            builder.add(CSANDBOX_STDIO, "dup2", terminal, terminal, terminal)
        case .streams(let input, let output, let error):
            builder.describe("the standard streams")
            var slots: [Slot] = []
            for stream in [input, output, error] { slots.append(try add(stream, to: &builder)) }
            builder.add(CSANDBOX_STDIO, "dup2", slots[0], slots[1], slots[2])
        }
    }

    private func add(_ stream: StandardStream, to builder: inout PlanBuilder) throws(LaunchError) -> Slot {
        switch stream {
        case .null:
            let slot = builder.open("/dev/null", in: .none, flags: O_RDWR, resolve: RESOLVE_NO_MAGICLINKS)
            builder.add(CSANDBOX_CHECK_DEVICE, "fstat", on: "/dev/null", slot, x: HostDevice.nullNumber)
            return slot
        case .descriptor(let number):
            let slot = builder.input(number)
            // The process may open /dev/stdout again, for which a pipe must be its own.
            guard FileKind.isPipe(number) else { return slot }
            if let userNamespace {
                // From inside the namespace nobody may change what belongs to an id outside.
                try userNamespace.giveAway(number, to: process.user)
            } else if process.user.uid != 0 {
                let (user, group) = (UInt64(process.user.uid), UInt64(process.user.gid))
                builder.add(CSANDBOX_CHOWN, "fchown", on: "a standard stream", slot, x: user, y: group)
            }
            return slot
        }
    }

    // MARK: Limits

    /// Sets the score of the OOM killer, while the process still counts as root of the host.
    ///
    /// - Parameters:
    ///   - process: The process.
    ///   - proc: A procfs of the process's own pid namespace.
    ///   - builder: The plan so far.
    static func addScore(of process: RuntimeSpec.Process, in proc: Slot, _ builder: inout PlanBuilder) {
        guard let score = process.oomScoreAdj else { return }
        builder.describe("process.oomScoreAdj")
        builder.add(CSANDBOX_OOM_SCORE, "write", on: "oom_score_adj", proc, text: "\(score)")
    }

    /// As ``addScore(of:in:_:)``, with a procfs for this alone, which is mounted nowhere.
    static func addScore(of process: RuntimeSpec.Process, _ builder: inout PlanBuilder) {
        guard process.oomScoreAdj != nil else { return }
        builder.describe("process.oomScoreAdj")
        let proc = builder.slot()
        builder.add(CSANDBOX_FSOPEN, "fsopen", .none, proc, text: "proc")
        builder.add(CSANDBOX_FSMOUNT, "fsmount", on: "proc", proc, proc)
        addScore(of: process, in: proc, &builder)
        builder.close(proc)
    }

    private func addLimits(to builder: inout PlanBuilder) throws(LaunchError) {
        for (index, limit) in process.rlimits.enumerated() {
            builder.describe("process.rlimits[\(index)] (\(limit.type))")
            let resource = try ProcessLimit.check(limit, field: "process.rlimits[\(index)]")
            builder.add(CSANDBOX_LIMIT, "prlimit64", on: limit.type, x: resource, y: limit.soft, z: limit.hard)
        }
        if let personality {
            builder.describe("linux.personality")
            // PER_LINUX and PER_LINUX32 of sys/personality.h.
            builder.add(CSANDBOX_PERSONALITY, "personality", x: personality.domain == .linux32 ? 8 : 0)
        }
    }

    // MARK: Identity

    private func addIdentity(to builder: inout PlanBuilder) throws(LaunchError) {
        let sets = try capabilities()
        builder.describe("process.user")
        builder.add(CSANDBOX_UMASK, "umask", x: UInt64(process.user.umask ?? 0o022))
        if process.noNewPrivileges { builder.add(CSANDBOX_NO_NEW_PRIVILEGES, "prctl") }
        if let sets {
            builder.describe("process.capabilities.bounding")
            builder.add(CSANDBOX_BOUNDING, "prctl", x: sets.bounding.rawValue)
        }
        builder.describe("process.user")
        // A file may deny its group what it gives to others: the group must then be among the process's groups.
        let others = process.user.additionalGids.filter { $0 != process.user.gid }
        builder.setGroups([process.user.gid] + others)
        let (user, group) = (UInt64(process.user.uid), UInt64(process.user.gid))
        builder.add(CSANDBOX_IDS, "setresuid", on: "\(user):\(group)", x: user, y: group)
        guard let sets else { return }
        builder.describe("process.capabilities")
        builder.add(
            CSANDBOX_CAPABILITIES,
            "capset",
            x: sets.effective.rawValue,
            y: sets.permitted.rawValue,
            z: sets.inheritable.rawValue
        )
        builder.describe("process.capabilities.ambient")
        builder.add(CSANDBOX_AMBIENT, "prctl", x: sets.ambient.rawValue)
    }

    /// The sets; nil where the process keeps those that it has.
    ///
    /// A capability that this process does not have is left out, as runc does: nobody can give it.
    private func capabilities() throws(LaunchError) -> Capabilities? {
        guard let lists = process.capabilities else { return nil }
        do {
            return Capabilities(
                bounding: try CapabilitySet(named: lists.bounding),
                effective: try CapabilitySet(named: lists.effective).intersection(.available),
                permitted: try CapabilitySet(named: lists.permitted).intersection(.available),
                inheritable: try CapabilitySet(named: lists.inheritable).intersection(.available),
                ambient: try CapabilitySet(named: lists.ambient).intersection(.available)
            )
        } catch {
            throw .specification(field: "process.capabilities", error.description)
        }
    }

    // MARK: The program

    private func addProgram(to builder: inout PlanBuilder) {
        builder.describe("process.args")
        let gate = gate.map { builder.input($0) }
        if hasInit { builder.add(CSANDBOX_FORK_INIT, "clone3", on: "the init process") }
        if let gate {
            builder.add(CSANDBOX_READY, "sendmsg")
            builder.add(CSANDBOX_AWAIT, "read", on: "the start gate", gate)
        }
        builder.exec(candidates: candidates, arguments: process.args, environment: process.env)
    }

    /// The paths that the program's name may stand for, in the order of the search path of its environment.
    ///
    /// An empty part of the search path is not the current folder, which anybody may have filled.
    private var candidates: [String] {
        guard let name = process.args.first, !name.contains("/") else { return process.args.first.map { [$0] } ?? [] }
        let path = process.env.last { $0.hasPrefix("PATH=") }?.dropFirst("PATH=".count) ?? ""
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }
}

extension CapabilitySet {
    /// What this process can give to others.
    fileprivate static let available = (try? ofThisThread().permitted) ?? []
}
