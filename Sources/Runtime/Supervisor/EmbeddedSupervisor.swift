// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox
import Glibc
package import Linux

/// Keeps processes inside this process: they end with it, and with the last reference to the supervisor.
///
/// One thread clones all of them, because the kernel sends a parent's death signal when the thread ends that cloned
/// (prctl(2)). Another one watches them and moves what they write.
package final class EmbeddedSupervisor: Supervisor {
    private let table: SupervisedProcesses
    private let launches: WorkerThread

    /// Starts the threads.
    ///
    /// - Throws: What they want of the system and do not get.
    package init() throws(SystemError) {
        table = try SupervisedProcesses()
        launches = try WorkerThread()
        let table = table
        try BlockingCall.start { table.run() }
    }

    deinit { table.end() }

    package var deathSignal: Int32? { SIGKILL }

    package var isServing: Bool { true }

    package func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        do throws(KeeperError) {
            try table.reserve(name, "launch \(name)")
        } catch {
            throw .keeper(error)
        }
        do throws(LaunchError) {
            let relay: SeqpacketPair
            do throws(SystemError) { relay = try SeqpacketPair() } catch { throw .launch(error) }
            let child = try launches.run { () -> Result<csandbox_child, LaunchError> in
                Result { () throws(LaunchError) in try EmbeddedLauncher.clone(plan) }
            }.get()
            return try started(child, name, relay, plan)
        } catch {
            table.giveUp(name)
            throw error
        }
    }

    private func started(
        _ child: csandbox_child,
        _ name: String,
        _ relay: consuming SeqpacketPair,
        _ plan: Plan
    ) throws(LaunchError) -> StartingProcess {
        let pidfd = Descriptor(owning: child.pidfd)
        let report = Descriptor(owning: child.report)
        do throws(SystemError) {
            let copy = try pidfd.duplicate()
            let near = relay.near
            let far = relay.takeFar()
            try table.add(name, pid: child.pid, pidfd: copy, report: report, relay: near)
            return StartingProcess(pid: child.pid, pidfd: pidfd, report: far, plan: plan, isKept: true)
        } catch {
            // Nobody else knows it yet.
            try? pidfd.signal(SIGKILL)
            _ = try? pidfd.waitForProcess()
            throw .launch(error)
        }
    }

    package func forEachProcess(_ body: (consuming KeptProcess) -> Void) throws(KeeperError) {
        for process in table.all() {
            do throws(SystemError) {
                let pidfd = try process.pidfd.descriptor.duplicate()
                body(
                    KeptProcess(
                        name: process.name,
                        pid: process.pid,
                        state: process.state,
                        ended: process.ended,
                        isStarting: process.start != nil,
                        pidfd: pidfd
                    )
                )
            } catch {
                throw .refused("list its processes", error)
            }
        }
    }

    package func forget(_ name: String) throws(KeeperError) {
        try table.forget(name)
    }

    package func hold(_ descriptor: borrowing Descriptor, as tag: UInt32, for name: String) throws(KeeperError) {
        let words = "hold a descriptor for \(name)"
        do throws(SystemError) {
            let copy = SharedDescriptor(try descriptor.duplicate())
            try table.change(name) { $0.held[tag] = copy }
        } catch {
            throw .refused(words, error)
        }
    }

    /// Does nothing: no engine comes after this one that finds the process.
    package func holdSockets(_ numbers: [Int32], for name: String) throws(KeeperError) {}

    package func heldSockets(of name: String) throws(KeeperError) -> [Int: SharedDescriptor] { [:] }

    package func releaseSockets(from place: Int, of name: String) throws(KeeperError) {}

    package func release(_ tag: UInt32, of name: String) throws(KeeperError) {
        do throws(SystemError) {
            try table.change(name) { $0.held[tag] = nil }
        } catch {
            throw .refused("let go of a descriptor of \(name)", error)
        }
    }

    package func fetch(_ tag: UInt32, of name: String) throws(KeeperError) -> Descriptor? {
        do throws(SystemError) {
            guard let held = table.held(tag, of: name) else { return nil }
            return try held.descriptor.duplicate()
        } catch {
            throw .refused("give back a descriptor of \(name)", error)
        }
    }

    package func pump(_ source: borrowing Descriptor, of name: String, to log: LogTarget) throws(KeeperError) {
        do throws(SystemError) {
            let directory = try Descriptor.open(log.directory, O_RDONLY | O_DIRECTORY)
            try table.pump(source.duplicate(), of: name, into: directory, log)
        } catch {
            throw .refused("write the log of \(name)", error)
        }
    }

    package func adopt(_ name: String, pid: Int32, pidfd: borrowing Descriptor) throws(KeeperError) {
        try table.reserve(name, "adopt \(name)")
        do throws(SystemError) {
            try table.add(name, pid: pid, pidfd: pidfd.duplicate(), report: nil, relay: nil)
        } catch {
            table.giveUp(name)
            throw .refused("adopt \(name)", error)
        }
    }

    package func ends() -> AsyncStream<ProcessNews> {
        table.news()
    }
}

/// The ends of a connected pair of packet sockets.
private struct SeqpacketPair: ~Copyable {
    let near: SharedDescriptor
    private let far: Descriptor

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try SystemError.check(clinux_socketpair_seqpacket(&ends), "socketpair")
        near = SharedDescriptor(Descriptor(owning: ends[0]))
        far = Descriptor(owning: ends[1])
    }

    consuming func takeFar() -> Descriptor { far }
}
