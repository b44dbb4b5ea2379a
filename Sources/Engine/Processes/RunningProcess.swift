// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logs
import Runtime

/// What the engine holds of a process that runs.
///
/// The supervisor holds the same descriptors, so that either may die.
final class RunningProcess: Sendable {
    /// What the supervisor calls it.
    let name: String
    /// The number, as the host has it; for people and /proc, never for signals.
    let pid: Int32
    let pidfd: SharedDescriptor
    /// The master of its terminal.
    let terminal: SharedDescriptor?
    /// Its standard input, where it has one.
    let input: ProcessInput?
    /// The ends of its output that the supervisor reads, where it writes a log.
    let output: SharedDescriptor?
    let errors: SharedDescriptor?
    /// What the supervisor moves output by that comes fast.
    let relays: LogRelays
    /// Why its program never ran, where the engine before could not be told.
    let failure: Int32?

    /// What its input is called where the supervisor holds it; the terminal has the tag that the plan gives it.
    enum HeldTag {
        static let terminal: UInt32 = 0
        static let input: UInt32 = 1
        /// The memory that a container shares with others.
        static let memory: UInt32 = 2
    }

    init(
        name: String,
        pid: Int32,
        pidfd: SharedDescriptor,
        terminal: SharedDescriptor?,
        input: ProcessInput?,
        output: SharedDescriptor? = nil,
        errors: SharedDescriptor? = nil,
        relays: LogRelays = LogRelays(),
        failure: Int32? = nil
    ) {
        self.name = name
        self.pid = pid
        self.pidfd = pidfd
        self.terminal = terminal
        self.input = input
        self.output = output
        self.errors = errors
        self.relays = relays
        self.failure = failure
    }

    /// A process that was just launched.
    ///
    /// - Parameters:
    ///   - name: What the supervisor calls it.
    ///   - process: The process.
    ///   - own: Our ends of its pipes.
    ///   - releaseInput: Has whoever else holds its input close it.
    convenience init(
        named name: String,
        _ process: consuming Process,
        _ own: StandardPipes.OwnEnds,
        releaseInput: @escaping @Sendable () -> Void
    ) {
        let pid = process.pid
        var (pidfd, terminal): (SharedDescriptor?, SharedDescriptor?)
        process.split { first, second in
            pidfd = SharedDescriptor(first)
            terminal = SharedDescriptor(second)
        }
        guard let pidfd else { preconditionFailure("a process has a pidfd") }
        self.init(
            name: name,
            pid: pid,
            pidfd: pidfd,
            terminal: terminal,
            input: terminal.map { ProcessInput($0, isTerminal: true) }
                ?? own.input.map { ProcessInput($0, isTerminal: false, release: releaseInput) },
            output: own.output,
            errors: own.errors,
            relays: own.relays
        )
    }

    /// The process that a supervisor keeps, with what is held for it.
    static func adopt(_ kept: consuming KeptProcess, from supervisor: SupervisorSlot) throws -> RunningProcess {
        let (name, pid) = (kept.name, kept.pid)
        let failure: Int32? = if case .failed(let error) = kept.state { error } else { nil }
        let pidfd = SharedDescriptor(try kept.pidfd.duplicate())
        let holder = supervisor.current
        let terminal = SharedDescriptor(try holder.fetch(HeldTag.terminal, of: name))
        let pipe = SharedDescriptor(try holder.fetch(HeldTag.input, of: name))
        var input: ProcessInput?
        if let terminal {
            input = ProcessInput(terminal, isTerminal: true)
        } else if let pipe {
            input = ProcessInput(pipe, isTerminal: false) { supervisor.releaseInput(of: name) }
        }
        return RunningProcess(
            name: name,
            pid: pid,
            pidfd: pidfd,
            terminal: terminal,
            input: input,
            output: try source(of: .standardOutput, of: name, from: holder),
            errors: try source(of: .standardError, of: name, from: holder),
            relays: LogRelays(
                output: try relay(of: .standardOutput, of: name, from: holder),
                errors: try relay(of: .standardError, of: name, from: holder)
            ),
            failure: failure
        )
    }

    private static func source(
        of stream: LogStream,
        of name: String,
        from holder: any Supervisor
    ) throws -> SharedDescriptor? {
        SharedDescriptor(try holder.fetch(LogTarget.sourceTag(of: stream.rawValue), of: name))
    }

    private static func relay(
        of stream: LogStream,
        of name: String,
        from holder: any Supervisor
    ) throws -> SharedDescriptor? {
        SharedDescriptor(try holder.fetch(LogTarget.relayTag(of: stream.rawValue), of: name))
    }

    /// Sends a signal; false where the process has ended.
    @discardableResult
    func signal(_ number: Int32) throws(SystemError) -> Bool {
        do {
            try pidfd.descriptor.signal(number)
            return true
        } catch  where error.number == ESRCH {
            return false
        }
    }

    /// Changes the size of its terminal; one without a terminal has none.
    func resize(rows: UInt16, columns: UInt16) throws(SystemError) {
        guard let terminal else { return }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        if ioctl(terminal.number, UInt(TIOCSWINSZ), &size) != 0 { throw SystemError("ioctl", errno, on: "TIOCSWINSZ") }
    }

    /// Has a supervisor write the output of a process into a log.
    ///
    /// - Parameters:
    ///   - name: What the supervisor, which has the process, calls it.
    ///   - terminal: Its terminal, which is then its only output.
    ///   - output: The end of its output.
    ///   - errors: The end of its errors.
    ///   - relays: What moves output that comes fast.
    ///   - supervisor: The supervisor.
    ///   - log: Where the output goes.
    /// - Throws: Why it does not.
    static func keep(
        _ name: String,
        terminal: SharedDescriptor?,
        output: SharedDescriptor?,
        errors: SharedDescriptor?,
        relays: LogRelays,
        by supervisor: any Supervisor,
        _ log: LogPlace
    ) throws {
        let sources: [(SharedDescriptor?, LogStream)] = [
            (terminal, .standardOutput), (output, .standardOutput), (errors, .standardError),
        ]
        for case (let source?, let stream) in sources {
            var target = try log.target(stream)
            target.relay = relays[stream]?.number
            try supervisor.pump(source.descriptor, of: name, to: target)
        }
    }

    /// Hands the process to a supervisor that takes the place of one that has gone.
    ///
    /// - Parameters:
    ///   - supervisor: The new one; it is fine where it has the process already.
    ///   - log: Where the output goes on; nil where it is not kept.
    ///   - memory: The memory that it shares with other containers.
    /// - Throws: Why it could not be handed over.
    func hand(to supervisor: any Supervisor, _ log: LogPlace?, sharing memory: SharedDescriptor? = nil) throws {
        do {
            try supervisor.adopt(name, pid: pid, pidfd: pidfd.descriptor)
        } catch KeeperError.refused(_, let error) where error.number == EEXIST {
            return
        }
        if let terminal { try supervisor.hold(terminal.descriptor, as: HeldTag.terminal, for: name) }
        if let memory { try supervisor.hold(memory.descriptor, as: HeldTag.memory, for: name) }
        if let pipe = input?.pipe { try supervisor.hold(pipe.descriptor, as: HeldTag.input, for: name) }
        guard let log else { return }
        try Self.keep(name, terminal: terminal, output: output, errors: errors, relays: relays, by: supervisor, log)
    }
}
