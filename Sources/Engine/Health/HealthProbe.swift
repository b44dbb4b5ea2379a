// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime

/// One run of a container's health check: a program of its own in the container.
///
/// Its processes are kept apart from the others in a control group, so that at the end of its time all of them are ended,
/// however they have detached themselves. Those that it leaves behind when it ends by itself go on, as with Docker.
///
/// It is no exec of the API: clients that list the execs of a container find those that somebody has asked for. And it has no
/// record. An engine that takes over ends what is left of it, and probes again.
actor HealthProbe: HandedOver {
    /// What the supervisor calls its process: the identifier of the container, `.+` and a number.
    nonisolated let name: String
    private let container: ContainerUnit
    private unowned let engine: Engine
    private let check: HealthCheck
    private let run: ContainerRun
    private let snapshot: ContainerSnapshot
    /// What events call it.
    private let id: ObjectID
    private var process: RunningProcess?
    /// Kept at the end of its process.
    private let exit = Promise<ProcessNews>()
    /// Kept with it, for whoever reads the output.
    private let exitStatus = Promise<Int32>()

    /// The first bytes of what it writes, which is all that is kept.
    private static let outputLimit = 4096
    /// How long the end of a container may take to be told after that of a probe, which ends with it.
    private static let patience = Duration.milliseconds(100)
    /// The control group of probes, below that of the container.
    private static let groupName = "health"

    init(_ check: HealthCheck, of container: ContainerUnit, _ run: ContainerRun, _ snapshot: ContainerSnapshot) {
        (self.check, self.container, self.run, self.snapshot) = (check, container, run, snapshot)
        engine = container.engine
        name = "\(container.id)\(Self.mark)\(container.engine.nextRunNumber())"
        var generator = SystemRandomNumberGenerator()
        id = ObjectID(using: &generator)
    }

    private static let mark = ".+"

    /// Whether the name of a process is that of a probe, of this engine or of one before.
    static func isName(_ name: String) -> Bool { name.contains(mark) }

    /// The group of the probes of a run; nil where the machine has no control groups.
    private static func group(of run: ContainerRun) throws(ControlGroupError) -> ControlSubgroup? {
        try ControlSubgroup(named: groupName, of: run.resources.group)
    }

    /// Ends what is left of a probe of the engine before, in calls that wait in the kernel.
    static func endLeftovers(of run: ContainerRun) throws {
        try group(of: run)?.kill()
    }

    // MARK: Running

    /// Runs the program to its end, or to the end of its time.
    ///
    /// - Parameter stop: Kept where nobody wants the result any more: the probe is ended then.
    /// - Returns: The result; nil where it says nothing of the container.
    func result(until stop: Promise<Void>) async -> ContainerState.HealthProbe? {
        let start = Timestamp.now
        do {
            try await launch()
        } catch {
            let failure = EngineError(anyStart: error, joins: true)
            // Nobody was there to start it, or the container has just ended.
            if failure.code == .unavailable || Task.isCancelled { return nil }
            if await isKept(stop) { return nil }
            return ContainerState.HealthProbe(start: start, end: .now, exitCode: -1, output: failure.message)
        }
        guard let process else { return nil }
        await tell("exec_start: \(check.command.joined(separator: " "))")
        let output = ExecOutput(process, until: exitStatus)
        async let text = Self.text(of: output)
        let end = await firstEnd(stop)
        if end == nil { await kill() }
        // Where the engine ends, nobody will tell of the end of a process any more.
        let told = end == nil ? try? await exit.value() : end
        guard let news = told else { return nil }
        let status = news.end?.status ?? ContainerUnit.unknownStatus
        await tell("exec_die", ["exitCode": String(status)])
        let written = await text
        if end == nil {
            if stop.current != nil { return nil }
            let excess = "Health check exceeded timeout (\(GoDuration(check.timeout).text))"
            let message = written.isEmpty ? excess : "\(excess): \(written)"
            return ContainerState.HealthProbe(start: start, end: .now, exitCode: -1, output: message)
        }
        await moveOut()
        // The kernel ends probes before the first process of the container, whose end is the news then.
        if news.end == .signal(SIGKILL), await isKept(stop) { return nil }
        return ContainerState.HealthProbe(start: start, end: .now, exitCode: Int(status), output: written)
    }

    /// Whether the probes are stopped now or in a moment.
    private func isKept(_ stop: Promise<Void>) async -> Bool {
        (try? await stop.value(within: Self.patience)) != nil
    }

    private func launch() async throws {
        engine.trees.anticipateMove()
        var request = ExecCreateRequest()
        request.cmd = CommandWords(check.command)
        (request.attachStdout, request.attachStderr) = (true, true)
        await tell("exec_create: \(check.command.joined(separator: " "))")
        let launcher = ExecLauncher(
            name: name,
            request: request,
            snapshot: snapshot,
            run: run,
            isDetached: false,
            terminalSize: nil,
            supervisor: engine.supervisor,
            subgroup: try Self.group(of: run)
        )
        let losses = engine.supervisor.losses
        process = try await engine.supervisor.retrying { try launcher.launch { _ in } }
        if engine.supervisor.losses != losses { await engine.handOver(self) }
    }

    /// Takes note of the end of its process.
    nonisolated func processEnded(_ news: ProcessNews) {
        exitStatus.keep(news.end?.status ?? ContainerUnit.unknownStatus)
        exit.keep(news)
    }

    func hand(to supervisor: any Supervisor) async {
        guard let process else { return }
        do {
            try await BlockingCall.run { try process.hand(to: supervisor, nil) }
        } catch {
            engine.report("cannot hand a health check of the container \(snapshot.name) to another keeper", error)
        }
    }

    // MARK: Its end

    /// Its end by itself; nil where its time is over or nobody wants it any more.
    private func firstEnd(_ stop: Promise<Void>) async -> ProcessNews? {
        let (exit, timeout) = (exit, check.timeout)
        return await withTaskGroup(of: ProcessNews?.self) { group in
            group.addTask { (try? await exit.value(within: timeout)) ?? nil }
            group.addTask {
                _ = try? await stop.value()
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Ends it with everything that it has started.
    private func kill() async {
        do {
            let (run, process) = (run, process)
            try await BlockingCall.run {
                _ = try process?.signal(SIGKILL)
                try Self.group(of: run)?.kill()
            }
        } catch {
            engine.report("cannot end a health check of the container \(snapshot.name)", error)
        }
    }

    private func moveOut() async {
        let run = run
        do {
            try await BlockingCall.run { try Self.group(of: run)?.moveOut() }
        } catch let error as ControlGroupError where error.code == .missing {
            // The container has ended meanwhile.
        } catch {
            engine.report("cannot leave what a health check of the container \(snapshot.name) has started", error)
        }
    }

    /// The start of what a program writes; all of it is read, so that the program can go on.
    private static func text(of output: ExecOutput) async -> String {
        var (bytes, isCut) = ([UInt8](), false)
        while let piece = try? await output.next() {
            let room = outputLimit - bytes.count
            bytes += piece.bytes.prefix(room)
            isCut = isCut || piece.bytes.count > room
        }
        return String(decoding: bytes, as: UTF8.self) + (isCut ? "..." : "")
    }

    /// Tells those who listen what Docker tells of probes.
    ///
    /// It is not kept: the records have room for a number of events, and the probes of a few containers would take all of
    /// it within the hour. Changes of the health are kept.
    private func tell(_ action: String, _ attributes: [String: String] = [:]) async {
        await container.publish(action, ["execID": id.description].merging(attributes) { $1 }, isKept: false)
    }
}
