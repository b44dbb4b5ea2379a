// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox
import Glibc
package import Linux

/// A program that the keeper starts again whenever it ends: the engine.
///
/// It starts in the mounts of whoever asks for the guard, at their root, in a session of its own, with the null device as
/// its input.
package struct GuardedProgram: Sendable {
    /// The path of the executable.
    package var program: String
    /// Its arguments, the first of which is its name.
    package var arguments: [String]
    /// Its environment, each as `NAME=VALUE`.
    package var environment: [String]
    /// The control groups that it starts in; without one it is in those of the keeper.
    package var controlGroups = ControlGroupPlaces()

    package init(_ program: String, arguments: [String], environment: [String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// What the keeper launches.
    ///
    /// - Parameters:
    ///   - output: What the program writes its output and errors to, borrowed like everything that the plan names.
    ///   - mounts: The mount namespace.
    /// - Returns: The plan.
    /// - Throws: What cannot be honoured.
    func plan(writingTo output: Int32, in mounts: Int32) throws(LaunchError) -> Plan {
        guard program.hasPrefix("/") else {
            throw .specification(field: "program", "`\(program)` is not an absolute path")
        }
        var builder = PlanBuilder()
        if let directory = controlGroups.directory { builder.controlGroup = builder.input(directory) }
        builder.attach(to: controlGroups.processFiles)
        builder.describe("the guarded program")
        builder.add(CSANDBOX_CLOEXEC, "close_range", x: 3)
        // This also makes the root of those mounts the root and the working directory (setns(2)).
        builder.add(CSANDBOX_SETNS, "setns", builder.input(mounts), x: UInt64(CLONE_NEWNS))
        builder.add(CSANDBOX_SESSION, "setsid")
        let null = builder.open("/dev/null", in: .none, flags: O_RDWR, resolve: 0)
        let log = builder.input(output)
        builder.add(CSANDBOX_STDIO, "dup2", null, log, log)
        builder.add(CSANDBOX_UMASK, "umask", x: 0o022)
        builder.exec(candidates: [program], arguments: arguments, environment: environment)
        return try builder.build()
    }
}

extension KeeperClient {
    /// Has the keeper start this process again when it ends, until ``unguard()`` or until another guard takes its place.
    ///
    /// Whoever is started again asks for a guard as well: then pauses between deaths that follow each other at once go on
    /// growing.
    ///
    /// - Parameters:
    ///   - program: What is started.
    ///   - output: What it writes its output and errors to: a file that was opened to append.
    /// - Throws: Why there is no guard.
    package func guardEngine(
        _ program: GuardedProgram,
        writingTo output: borrowing Descriptor
    ) throws(LaunchError) {
        let process: Descriptor
        do throws(SystemError) { process = try Descriptor.process(getpid()) } catch { throw .launch(error) }
        try guardProcess(process, pid: getpid(), by: program, writingTo: output)
    }

    /// Has the keeper start a program when a process ends, and again whenever the program ends.
    ///
    /// - Parameters:
    ///   - process: The pidfd of the process that does for now.
    ///   - pid: Its number.
    ///   - program: What is started.
    ///   - output: What it writes its output and errors to.
    /// - Throws: Why there is no guard.
    package func guardProcess(
        _ process: borrowing Descriptor,
        pid: Int32,
        by program: GuardedProgram,
        writingTo output: borrowing Descriptor
    ) throws(LaunchError) {
        do {
            let mounts = try Descriptor.open("/proc/self/ns/mnt", O_RDONLY)
            let plan = try program.plan(writingTo: output.number, in: mounts.number)
            let file = try KeeperLauncher.file(of: plan)
            let descriptors = [file.number, process.number] + plan.descriptors
            _ = try ask(KEEPER_GUARD, "guard \(program.program)", pid: pid, descriptors: descriptors)
        } catch let error as KeeperError {
            throw .keeper(error)
        } catch let error as LaunchError {
            throw error
        } catch let error as SystemError {
            throw .launch(error)
        } catch {
            throw .launch(SystemError("request", EINVAL, on: "\(error)"))
        }
    }

    /// Ends the guard: what runs goes on, and is not started again.
    package func unguard() throws(KeeperError) {
        _ = try ask(KEEPER_UNGUARD, "end the guard")
    }
}
