// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What it takes to put a process into a group.
///
/// A process that is cloned with `CLONE_INTO_CGROUP` into ``directoryNumber`` is in the tree of version 2 from the start. Its
/// number is then written to each of ``procsNumbers``: `0` stands for the writer itself.
package struct ControlGroupAttachment: ~Copyable, Sendable {
    /// The number of the open directory in the tree of version 2; nil where there is none.
    package let directoryNumber: Int32?
    private let procs: DescriptorBag
    private let directory: Descriptor?

    fileprivate init(_ procs: DescriptorBag) {
        directoryNumber = nil
        directory = nil
        self.procs = procs
    }

    fileprivate init(_ directory: consuming Descriptor, _ procs: DescriptorBag) {
        directoryNumber = directory.number
        self.directory = consume directory
        self.procs = procs
    }

    /// The numbers of open `cgroup.procs` files of the trees of version 1; they are closed with this value.
    package var procsNumbers: [Int32] { procs.numbers }
}

extension ControlGroup {
    /// Opens what it takes to put a process into the group.
    ///
    /// - Parameter subgroup: The group below this one that it goes to in the subgroup's own tree; nil for none.
    /// - Returns: The open files.
    /// - Throws: `.missing` where a group is not there, or what the kernel answers.
    package func attachment(to subgroup: ControlSubgroup? = nil) throws(ControlGroupError) -> ControlGroupAttachment {
        try attempt("open the files of") { () throws(SystemError) -> ControlGroupAttachment in
            func directory(_ tree: ControlGroupHierarchy) throws(SystemError) -> ControlGroupDirectory {
                try (subgroup?.place(in: tree) ?? self).directory(in: tree)
            }
            let procs = DescriptorBag()
            for tree in hierarchies.legacy {
                procs.keep(try directory(tree).open("cgroup.procs", O_WRONLY))
            }
            guard let unified = hierarchies.unified else { return ControlGroupAttachment(procs) }
            return ControlGroupAttachment(try directory(unified).take(), procs)
        }
    }

    /// Moves a process that runs into the group.
    ///
    /// - Parameter process: Its number in the pid namespace of the caller.
    /// - Throws: The kernel's answer of the first tree that refuses.
    package func attach(_ process: Int32) throws(ControlGroupError) {
        for tree in hierarchies.all {
            do {
                try directory(in: tree).write("cgroup.procs", "\(process)")
            } catch {
                let full = "a process with a real-time policy needs cpu.rt_runtime_us, and a cpuset its processors"
                throw failure("put process \(process) into", error, hint: error.number == EINVAL ? full : "")
            }
        }
    }

    /// The processes of the group and of those below it, in no order.
    package func processes() throws(ControlGroupError) -> [Int32] {
        try list { tree throws(SystemError) in try processes(in: tree) }
    }

    /// The threads of the group's processes and of those below it, in no order.
    package func threads() throws(ControlGroupError) -> [Int32] {
        try list { tree throws(SystemError) in
            try members(in: tree, by: tree.version == .one ? "tasks" : "cgroup.threads")
        }
    }

    private func list(
        _ body: (ControlGroupHierarchy) throws(SystemError) -> [Int32]
    ) throws(ControlGroupError) -> [Int32] {
        guard let tree = hierarchies.all.first else { return [] }
        do {
            return try body(tree)
        } catch {
            throw failure("list the processes of", error)
        }
    }

    func processes(in tree: ControlGroupHierarchy) throws(SystemError) -> [Int32] {
        try members(in: tree, by: "cgroup.procs")
    }

    private func members(in tree: ControlGroupHierarchy, by file: String) throws(SystemError) -> [Int32] {
        var found: [Int32] = []
        try Self.collect(file, of: try directory(in: tree), into: &found)
        return found
    }

    private static func collect(
        _ file: String,
        of directory: borrowing ControlGroupDirectory,
        into found: inout [Int32]
    ) throws(SystemError) {
        // A process of another pid namespace is listed as 0.
        let text = try directory.readIfPresent(file) ?? ""
        found += text.split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 0 }
        for name in try directory.children() {
            do {
                try collect(file, of: try directory.directory(name), into: &found)
            } catch  where error.number == ENOENT {
                continue
            }
        }
    }

    /// Ends every process of the group and of those below it with `SIGKILL`.
    ///
    /// It returns when the signals are sent; ``waitUntilEmpty(timeout:)`` waits for the end. Where the kernel cannot
    /// kill a group at once (`cgroup.kill`, Linux 5.14) it is frozen first, so that no process escapes by forking.
    package func kill() throws(ControlGroupError) {
        do {
            if let unified = hierarchies.unified {
                let directory = try directory(in: unified)
                if directory.has("cgroup.kill") {
                    try directory.write("cgroup.kill", "1")
                    return
                }
            }
        } catch  where error.number == ENOENT {
            return
        } catch {
            throw failure("kill", error)
        }
        try killOneByOne()
    }

    private func killOneByOne() throws(ControlGroupError) {
        // A group that does not freeze, or a machine without a freezer, is fought by repetition.
        var isFrozen = false
        do {
            try freeze(timeout: .milliseconds(500))
            isFrozen = true
        } catch  where error.code == .missing {
            return
        } catch {
            isFrozen = false
        }
        var killed: Set<Int32> = []
        while true {
            let fresh = try killSome(except: killed)
            if fresh.isEmpty { break }
            killed.formUnion(fresh)
        }
        // In version 1 a frozen process dies only when it is thawed.
        if isFrozen { try thaw() }
    }

    /// Sends `SIGKILL` to some processes of the group.
    ///
    /// A number could be another process's by the time of the signal, so it goes to a pidfd, and only after the number
    /// was seen in the group once more with the pidfd open.
    ///
    /// - Parameter killed: Those that have had theirs.
    /// - Returns: Those that have it now.
    /// - Throws: Where the group cannot be read, or descriptors are short.
    private func killSome(except killed: Set<Int32>) throws(ControlGroupError) -> Set<Int32> {
        var opened: [Int32: Int32] = [:]
        defer { for pidfd in opened.values { close(pidfd) } }
        for process in Set(try processes()).subtracting(killed).prefix(256) {
            let pidfd = clinux_pidfd_open(process, 0)
            if pidfd == -ESRCH { continue }
            opened[process] = try attempt("kill process \(process) of") { () throws(SystemError) in
                try SystemError.check(pidfd, "pidfd_open")
            }
        }
        let still = Set(try processes()).intersection(opened.keys)
        for process in still {
            guard let pidfd = opened[process] else { continue }
            let result = clinux_pidfd_send_signal(pidfd, SIGKILL)
            if result == -ESRCH { continue }
            try attempt("kill process \(process) of") { () throws(SystemError) in
                _ = try SystemError.check(result, "pidfd_send_signal")
            }
        }
        return still
    }

    /// Whether a process that is not yet dead is in the group or below it.
    package func isPopulated() throws(ControlGroupError) -> Bool {
        do throws(SystemError) {
            guard let unified = hierarchies.unified else {
                guard let tree = hierarchies.legacy.first else { return false }
                return try !processes(in: tree).isEmpty
            }
            return KeyedValues(try directory(in: unified).read("cgroup.events"))["populated"] == 1
        } catch  where error.number == ENOENT || error.number == ENODEV {
            return false
        } catch {
            throw failure("look into", error)
        }
    }

    /// Waits until no process is in the group or below it.
    ///
    /// - Parameter timeout: How long to wait.
    /// - Returns: False where the time was over first.
    /// - Throws: Where the group cannot be read; one that is not there is empty.
    package func waitUntilEmpty(timeout: Duration) throws(ControlGroupError) -> Bool {
        let deadline = ContinuousClock.now + timeout
        do {
            guard let unified = hierarchies.unified else { return try waitForEachProcess(deadline: deadline) }
            return try waitForEvent("populated", 0, in: unified, deadline: deadline)
        } catch  where [ENOENT, ENODEV].contains(error.number) {
            return true
        } catch {
            throw failure("wait for the end of", error)
        }
    }

    /// The file that becomes readable with `POLLPRI` whenever the group gets empty, populated, frozen or thawed.
    ///
    /// - Returns: The open `cgroup.events`; nil where there is no tree of version 2.
    /// - Throws: Where it cannot be opened.
    package func eventsDescriptor() throws(ControlGroupError) -> Descriptor? {
        guard let unified = hierarchies.unified else { return nil }
        do {
            return try directory(in: unified).open("cgroup.events", O_RDONLY)
        } catch {
            throw failure("watch", error)
        }
    }

    /// Waits for a value in `cgroup.events`.
    func waitForEvent(
        _ key: String,
        _ value: UInt64,
        in tree: ControlGroupHierarchy,
        deadline: ContinuousClock.Instant
    ) throws(SystemError) -> Bool {
        let directory = try directory(in: tree)
        let events = try directory.open("cgroup.events", O_RDONLY)
        while true {
            // Reading the file is what arms the next event.
            let text = try ControlGroupDirectory.text(of: events, path: "\(directory.path)/cgroup.events")
            if KeyedValues(text)[key] == value { return true }
            if try !wait(for: events.number, Int16(POLLPRI), until: deadline) { return false }
        }
    }

    /// Waits for the end of each process there is, until there is none; for machines without version 2.
    private func waitForEachProcess(deadline: ContinuousClock.Instant) throws(SystemError) -> Bool {
        guard let tree = hierarchies.legacy.first else { return true }
        while let process = try processes(in: tree).first {
            let pidfd = clinux_pidfd_open(process, 0)
            if pidfd == -ESRCH { continue }
            let descriptor = Descriptor(owning: try SystemError.check(pidfd, "pidfd_open", on: "\(process)"))
            if try !wait(for: descriptor.number, Int16(POLLIN), until: deadline) { return false }
            // Kernels before 5.2 list the dead until their parent asks for them; for that there is no event.
            if try processes(in: tree).first != process { continue }
            if ContinuousClock.now >= deadline { return false }
            poll(nil, 0, 1)
        }
        return true
    }

    /// Runs calls on the group and says of a failure what was tried.
    func attempt<Value: ~Copyable>(
        _ verb: String,
        _ body: () throws(SystemError) -> Value
    ) throws(ControlGroupError) -> Value {
        do {
            return try body()
        } catch {
            throw failure(verb, error)
        }
    }

    func failure(_ verb: String, _ error: SystemError, hint: String = "") -> ControlGroupError {
        let missing = error.number == ENOENT || error.number == ENODEV
        return ControlGroupError(
            "\(verb) control group \(path)",
            error,
            code: missing ? .missing : .failed,
            hint: missing && hint.isEmpty ? "the group is gone" : hint
        )
    }
}

/// Waits for an event of a descriptor; false where the time is over.
func wait(
    for number: Int32,
    _ events: Int16,
    until deadline: ContinuousClock.Instant
) throws(SystemError) -> Bool {
    while true {
        let left = max(deadline - .now, .zero)
        var request = pollfd(fd: number, events: events, revents: 0)
        // Rounded up, so that the last moment is no busy loop.
        let count = poll(&request, 1, Int32(clamping: (left.microseconds + 999) / 1000))
        if count > 0 { return true }
        let answer = errno
        if count < 0, answer != EINTR { throw SystemError("poll", answer) }
        if left == .zero { return false }
    }
}
