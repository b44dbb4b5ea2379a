// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
package import Runtime
import Store
import Synchronization

extension Engine {
    // MARK: At the start

    /// Takes over the containers of the engine before.
    ///
    /// A record that cannot be read is told of and left as it is, with everything that belongs to it.
    func takeOver() async throws {
        let (containerRecords, execRecords) = try store.read { (try $0.containers(), try $0.execs()) }
        for record in containerRecords.unreadable + execRecords.unreadable {
            report("cannot take over a container", StoreError(.unreadableRecord, "\(record)"))
            unreadable.withLock { _ = $0.insert(record.key) }
        }
        try registerVolumes()
        let leavingNetworks = try registerNetworks()
        for record in containerRecords.records { register(record) }
        for record in execRecords.records { register(record) }
        let processes = try await BlockingCall.run { [supervisor] in try Self.keptProcesses(of: supervisor) }
        let isNewBoot = try noteBoot()
        if isNewBoot { discardUnrecorded(containerRecords) }
        for unit in containers.all { await unit.takeOver(processes, isNewBoot: isNewBoot) }
        for unit in execs.all {
            if let process = processes[unit.id.description], await !unit.hasEnded {
                await unit.adopt(process)
            } else {
                await unit.processLost()
            }
        }
        await takeOverNetworks(leavingNetworks, isNewBoot: isNewBoot)
        await takeOverVolumes()
        await endLeftovers(processes)
        await discardBuilds()
        for unit in containers.all { await unit.startWithEngine(isNewBoot: isNewBoot) }
    }

    private func register(_ record: ContainerRecord) {
        do {
            guard let id = ObjectID(record.id) else { throw EngineError(.failed, "its identifier is malformed") }
            let name = try ContainerName(record.name)
            let definition = try JSON.decode(ContainerDefinition.self, from: record.configuration)
            try containers.reserve(name.description, for: id)
            volumes.use(definition.volumeNames, by: id)
            containers.add(ContainerUnit(record, id: id, name: name, definition: definition, in: self))
        } catch {
            report("cannot take over the container \(record.name), whose record is left as it is", error)
            unreadable.withLock { _ = $0.insert(record.id) }
        }
    }

    private func register(_ record: ExecRecord) {
        guard let id = ObjectID(record.id), let owner = ObjectID(record.container), let unit = containers.unit(owner)
        else {
            unreadable.withLock { if $0.contains(record.container) { $0.insert(record.id) } }
            return
        }
        do {
            execs.add(try ExecUnit(record, id, in: unit, engine: self))
        } catch {
            report("cannot take over the exec \(record.id), whose record is left as it is", error)
            unreadable.withLock { _ = $0.insert(record.id) }
        }
    }

    /// Removes the files of containers that removed themselves and whose records did not come to the disk.
    private func discardUnrecorded(_ listing: Listing<ContainerRecord>) {
        let recorded = Set(listing.records.map(\.id) + listing.unreadable.map(\.key))
        do {
            let folder = try Descriptor.open(location.containers, O_RDONLY | O_DIRECTORY)
            for name in try folder.entries().map(\.description)
            where !recorded.contains(name) && ObjectID(name) != nil {
                try ContainerFolder(path: "\(location.containers)/\(name)").discardUnrecorded(to: trash.path)
            }
        } catch {
            report("cannot remove what is left of containers", error)
        }
    }

    /// What the supervisor keeps, by the names of the processes.
    ///
    /// A process that the engine before was just starting is either about to run its program or finds its gate closed: which
    /// of both is waited for, at most a second.
    private static func keptProcesses(of supervisor: SupervisorSlot) throws -> [String: RunningProcess] {
        for _ in 0..<1000 {
            var isStarting = false
            try supervisor.current.forEachProcess { isStarting = isStarting || $0.isStarting }
            if !isStarting { break }
            poll(nil, 0, 1)
        }
        var processes: [String: RunningProcess] = [:]
        var failure: (any Error)?
        try supervisor.current.forEachProcess { kept in
            do {
                let process = try RunningProcess.adopt(kept, from: supervisor)
                processes[process.name] = process
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return processes
    }

    /// Whether the machine was started anew since the last engine.
    private func noteBoot() throws -> Bool {
        let file = try Descriptor.open("/proc/sys/kernel/random/boot_id", O_RDONLY)
        let boot = String(decoding: try file.contents(limit: 64), as: UTF8.self)
        return try store.write(.process) { writer in
            let before = try writer.reader.setting("boot")
            try writer.setSetting("boot", to: boot)
            return before != nil && before != boot
        }
    }

    /// Ends processes that belong to nobody: of starts that were cut off before anything was written down.
    private func endLeftovers(_ processes: [String: RunningProcess]) async {
        var owned = Set(execs.all.map(\.id.description))
        for unit in containers.all { if let name = await unit.run?.process.name { owned.insert(name) } }
        let unreadable = unreadable.withLock(\.self)
        for (name, process) in processes where !owned.contains(name) {
            // A first process has the name of its container, a dot and a number.
            if unreadable.contains(String(name.prefix { $0 != "." })) { continue }
            // Its end is told like every other, and then it is forgotten.
            _ = try? process.signal(SIGKILL)
        }
    }

    // MARK: While it works

    /// Takes note of each process that ends, and of the end of the supervisor itself.
    func watchProcesses() async {
        while !Task.isCancelled {
            do {
                for await news in try supervisor.current.ends() { route(news) }
            } catch {
                report("cannot hear of the ends of processes", error)
            }
            if Task.isCancelled || isEnding.withLock(\.self) { return }
            await replaceSupervisor()
        }
    }

    private func route(_ news: ProcessNews) {
        if let exec = ObjectID(news.name).flatMap(execs.unit) {
            background.add { await exec.processEnded(news) }
        } else if let id = ObjectID(String(news.name.prefix { $0 != "." })), let unit = containers.unit(id) {
            background.add { await unit.processEnded(news) }
        } else if !buildProcesses.tell(news) {
            let supervisor = supervisor
            background.add { _ = try? await BlockingCall.run { supervisor.forget(news.name) } }
        }
    }

    /// Starts another keeper, and hands it everything that the one before had.
    private func replaceSupervisor() async {
        supervisor.lose()
        reapKeeper()
        var pause = Duration.milliseconds(10)
        while !Task.isCancelled {
            do {
                let next = try await BlockingCall.run { try self.openSupervisor() }
                for unit in containers.all { await unit.hand(to: next) }
                for unit in execs.all { await unit.hand(to: next) }
                for entry in buildProcesses.all { await entry.hand(to: next) }
                // Fails where that one has gone as well: nobody is told of it then.
                try guardMyself()
                supervisor.replace(by: next)
                return
            } catch {
                report("cannot start another keeper", error)
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(10))
        }
    }

    /// Hands over a process that was being started while the supervisor went away.
    ///
    /// Whatever becomes of this supervisor, the next one gets the process as well.
    func handOver(_ unit: some HandedOver) async {
        // Whoever asked for the start may have gone, and that must not end the wait.
        let handing = Task { [supervisor] in
            guard try await supervisor.waitForReplacement(after: supervisor.losses - 1) else { return }
            await unit.hand(to: supervisor.current)
        }
        _ = try? await handing.value
    }

    /// Waits for the end of a keeper that this process has started, so that the kernel can forget it.
    private func reapKeeper() {
        guard let pid = keeperChild.withLock({ $0.take() }) else { return }
        try? BlockingCall.start { while waitpid(pid, nil, 0) < 0, errno == EINTR {} }
    }

    /// Has the keeper start this program again where it dies.
    func guardMyself() throws {
        guard case .keeper = keeping, let restart = restart.withLock(\.self) else { return }
        let log = try Descriptor.open(location.log, O_WRONLY | O_APPEND | O_CREAT, mode: 0o600)
        try KeeperClient(socket: location.keeperSocket).guardEngine(restart, writingTo: log)
    }

    /// Has the keeper start a program whenever this one dies, until the engine is ended.
    ///
    /// - Parameter program: The program, which is to be an engine of the same location.
    /// - Throws: Why the keeper does not.
    package func surviveDeath(by program: GuardedProgram) async throws {
        restart.withLock { $0 = program }
        try await BlockingCall.run { try self.guardMyself() }
    }
}
