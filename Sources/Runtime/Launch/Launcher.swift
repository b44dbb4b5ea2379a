// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Glibc
package import Linux

/// Who clones the processes of containers, and so is their parent.
///
/// There is one interpreter for plans (`CSandbox`); launchers differ in the process that hosts it.
package protocol Launcher: Sendable {
    /// Clones a process that runs a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan; what its slots hold is borrowed until the call returns.
    ///   - name: The process's name, which is its own among those of the launcher; at most 71 bytes.
    /// - Returns: The process, which works through the plan on its own.
    /// - Throws: Why there is no process; then nothing is left.
    func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess

    /// The signal that a container gets when the launcher ends, where its request names no other; nil where containers
    /// outlive the launcher.
    var deathSignal: Int32? { get }
}

extension Launcher {
    package var deathSignal: Int32? { nil }
}

/// Hosts the interpreter in this process: what it starts ends with it where ``LaunchRequest/deathSignal`` asks for that.
///
/// A clone copies the page tables of this process, so a start costs more the larger the process is.
package struct EmbeddedLauncher: Launcher {
    package init() {}

    package func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        let child = try Self.clone(plan)
        return StartingProcess(
            pid: child.pid,
            pidfd: Descriptor(owning: child.pidfd),
            report: Descriptor(owning: child.report),
            plan: plan
        )
    }

    /// Clones the process; its descriptors are the caller's.
    static func clone(_ plan: Plan) throws(LaunchError) -> csandbox_child {
        var child = csandbox_child()
        // An array without elements may have no address; the interpreter reads none of it then.
        let descriptors = plan.descriptors + [-1]
        let result = plan.bytes.withUnsafeBytes { block in
            descriptors.withUnsafeBufferPointer { descriptors in
                guard let start = block.baseAddress, let first = descriptors.baseAddress else { return -EINVAL }
                return csandbox_launch(start, plan.size, first, &child)
            }
        }
        if result < 0 { throw .launch(SystemError("clone3", -result)) }
        return child
    }
}

/// A process between clone3 and execve.
///
/// If it is dropped, the process goes on by itself; a failure is then seen as its end.
package struct StartingProcess: ~Copyable, Sendable {
    private var process: Process
    private let report: Descriptor
    private let plan: Plan
    private let isKept: Bool
    /// Whether another process than the known one will run the program, and has not been told of.
    private var awaitsSibling: Bool

    /// A process that has been cloned.
    ///
    /// - Parameters:
    ///   - pid: Its number.
    ///   - pidfd: Its descriptor.
    ///   - report: Where it tells how its start goes.
    ///   - plan: What it works through.
    ///   - isKept: Whether somebody else in this process reaps it.
    package init(
        pid: Int32,
        pidfd: consuming Descriptor,
        report: consuming Descriptor,
        plan: Plan,
        isKept: Bool = false
    ) {
        process = Process(pid: pid, pidfd: pidfd, isKept: isKept)
        self.report = report
        self.plan = plan
        self.isKept = isKept
        awaitsSibling = plan.forksSibling
    }

    /// Its number as this process sees it.
    package var pid: Int32 { process.pid }

    /// The number of its pidfd, valid while this value lives.
    package var pidfd: Int32 { process.pidfd.number }

    /// Another descriptor of its terminal's master, which is there once it is ready; nil where it has no terminal.
    package borrowing func duplicateTerminal() throws(SystemError) -> Descriptor? {
        try process.duplicateTerminal()
    }

    /// Waits until everything but the program itself is done, where the plan has a gate.
    ///
    /// - Throws: Why it did not come so far. The process has ended then and is reaped.
    package mutating func waitUntilReady() throws(LaunchError) {
        while let message = try receive() {
            if message == CSANDBOX_IS_READY { return }
        }
        throw ended()
    }

    /// Waits until the program runs.
    ///
    /// - Returns: The process.
    /// - Throws: Why it did not come so far. The process has ended then and is reaped.
    package consuming func waitUntilRunning() throws(LaunchError) -> Process {
        while try receive() != nil {}
        // Whoever passes the reports on may be gone: silence says only of the program's own process that it runs.
        if awaitsSibling { throw ended() }
        return process
    }

    /// Ends the process before its program runs.
    ///
    /// - Throws: Why it could not be killed or reaped.
    package consuming func abandon() throws(SystemError) {
        try process.signal(SIGKILL)
        _ = try process.wait()
    }

    /// The next report, handled; nil at the end of the stream.
    private mutating func receive() throws(LaunchError) -> csandbox_report_kind? {
        var message = csandbox_report()
        var number: Int32 = -1
        let result = csandbox_receive(report.number, 0, &message, &number)
        let descriptor = number < 0 ? nil : Descriptor(owning: number)
        if result < 0 { throw .launch(SystemError("recvmsg", -result)) }
        guard result > 0 else { return nil }
        let kind = csandbox_report_kind(message.kind)
        switch kind {
        case CSANDBOX_FAILED:
            _ = try? process.wait()
            throw plan.failure(at: Int(message.operation), message.error)
        case CSANDBOX_DESCRIPTOR:
            guard descriptor != nil else { throw lost() }
            process.terminal = descriptor
        case CSANDBOX_SIBLING:
            // The one that joined the namespaces has done its part.
            _ = try? process.wait()
            awaitsSibling = false
            guard let descriptor else { throw lost(Int32(message.detail)) }
            process = Process(pid: Int32(message.detail), pidfd: descriptor, isKept: isKept)
        case CSANDBOX_IS_READY:
            break
        default:
            throw .unknownReport(message.kind)
        }
        return kind
    }

    /// Ends a process of which a descriptor could not be received: there was no number left for it.
    ///
    /// - Parameter sibling: The number of the process; nil for the one that is known. A child that nobody has waited
    ///   for keeps its number.
    /// - Returns: The error.
    private func lost(_ sibling: Int32? = nil) -> LaunchError {
        if let sibling {
            kill(sibling, SIGKILL)
            if !isKept { while waitpid(sibling, nil, 0) < 0, errno == EINTR {} }
        } else {
            try? process.signal(SIGKILL)
            _ = try? process.wait()
        }
        return .descriptorLost
    }

    private func ended() -> LaunchError {
        try? process.signal(SIGKILL)
        _ = try? process.wait()
        let subject = "the process, or the keeper that starts it, ended before its program was run"
        return .launch(SystemError("clone3", ECANCELED, on: subject))
    }
}
