// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

/// A project of twenty services that is changed, killed and taken down for a long time; `Tests/Soak/run` has it go on for hours.
@Suite(.serialized) struct `A project over a long time` {
    /// How long, in minutes; the file says what there is to see meanwhile.
    private static let minutes = getenv("SOAK_MINUTES").flatMap { Double(String(cString: $0)) } ?? 0.5
    private static let stepsInCycle = 8
    /// In one cycle of so many the engine and the keeper are killed as well; memory is compared in those between.
    private static let cyclesBetweenKills = 4
    private static let mebibyte = Int64(1 << 20)

    @Test func `is what it has to be after each step, and costs no more than at first`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let project = try SurvivingProject(engine)
                let end = ContinuousClock.now + .seconds(60 * Self.minutes)
                var (cycles, steps) = (0, 0)
                var costs: [Cost] = []
                var empty: [String]?
                while cycles < 2 || ContinuousClock.now < end {
                    let kills = cycles % Self.cyclesBetweenKills == Self.cyclesBetweenKills - 1
                    steps += try Self.cycle(project, kills: kills, until: cycles < 2 ? nil : end)
                    try project.succeed(["down"])
                    let left = try engine.settledKernelState(empty)
                    #expect(left.difference(from: empty ?? left).map(\.text) == [], "after cycle \(cycles)")
                    empty = empty ?? left
                    costs.append(try Cost(engine))
                    print("soak: \(cycles) cycles, \(steps) steps, \(costs.last?.description ?? "")")
                    cycles += 1
                }
                Self.compare(costs)
                try project.succeed(["down", "-v"])
            }
        }
    }

    // MARK: Cycles

    /// From nothing to a project, and through a few steps.
    ///
    /// - Returns: How many steps were taken.
    private static func cycle(
        _ project: SurvivingProject,
        kills: Bool,
        until end: ContinuousClock.Instant?
    ) throws -> Int {
        var wanted = SoakedProject(mark: project.engine.scratch.path)
        try project.edit(wanted.text)
        try project.succeed(["up", "-d"])
        try check(project, wanted, "up")
        var steps = 1
        while steps < stepsInCycle, end.map({ ContinuousClock.now < $0 }) ?? true {
            let story = try step(project, &wanted, kills: kills)
            try check(project, wanted, story)
            steps += 1
        }
        return steps
    }

    /// Something happens, after which the project is as it has to be again.
    private static func step(_ project: SurvivingProject, _ wanted: inout SoakedProject, kills: Bool) throws -> String {
        var story = ""
        let up = ["up", "-d"]
        switch Int.random(in: 0..<(kills ? 12 : 9)) {
        case 0, 1, 2:
            story = wanted.change()
            try project.edit(wanted.text)
        case 3:
            let victim = try project.containers().filter { $0.state.pid > 0 }.randomElement()
            story = "end of \(victim?.name ?? "nothing")"
            if let pid = victim?.state.pid { kill(pid_t(pid), SIGKILL) }
        case 4:
            story = "restart"
            try project.succeed(["restart", "s\(Int.random(in: 0..<20))"])
        case 5:
            story = "stop and start"
            try project.succeed(["stop"])
            try project.succeed(["start"])
        case 6:
            story = "removal of a container"
            if let victim = try project.containers().randomElement() { try project.engine.remove(victim.id) }
        case 7:
            story = "all are replaced"
            try project.succeed(up + ["--force-recreate"])
        case 8:
            story = "\(wanted.change()), cut off"
            try project.edit(wanted.text)
            _ = try project.run(up, killedAfter: Int.random(in: 0..<1000))
        case 9: story = "engine killed: \(try project.engine.killEngine())"
        case 10: story = "keeper killed: \(try project.engine.killKeeper())"
        default:
            story = "both killed"
            try project.engine.insist { _ = try $0.ping() }
            try project.engine.killBoth()
        }
        return story + "\n" + (try project.succeed(up))
    }

    // MARK: Invariants

    /// Compares what there is with what has to be.
    private static func check(_ project: SurvivingProject, _ wanted: SoakedProject, _ story: String) throws {
        let told = Comment(rawValue: story)
        let engine = project.engine
        // What has just been killed may not have been seen yet when the project was brought up, and is started again by itself.
        var (found, kernel) = (try project.running(), try engine.kernelState())
        for _ in 0..<100 where found != wanted.expected || !isSettled(kernel, wanted) {
            try project.succeed(["up", "-d"])
            (found, kernel) = (try project.running(), try engine.kernelState())
        }
        #expect(found.difference(from: wanted.expected).map(\.text) == [], told)
        #expect(isSettled(kernel, wanted), "\(story)\n\(kernel.joined(separator: "\n"))")
    }

    private static func isSettled(_ kernel: [String], _ wanted: SoakedProject) -> Bool {
        let processes = kernel.count { $0.hasPrefix("process ") }
        return processes == wanted.count
            && kernel.contains("network namespaces \(wanted.count)")
            && kernel.contains("folders of containers \(wanted.count)")
            && kernel.contains("interfaces wv \(wanted.endpoints)")
            && kernel.contains("trash 0")
    }

    // MARK: Costs

    /// What an engine and its keeper take with nothing to do.
    private struct Cost: CustomStringConvertible {
        var engine: Int32
        var keeper: Int32?
        var memory: Int64
        var engineDescriptors: Int
        var keeperDescriptors: Int

        init(_ survivor: SurvivingEngine) throws {
            let status = try survivor.insist { try $0.status() }
            (engine, keeper, memory) = (status.pid, status.keeperPID, status.memory)
            // Each network that is made ahead has four: the namespace, a socket to the kernel, and two where names are answered.
            engineDescriptors = try SurvivingEngine.descriptors(of: status.pid).count - 4 * SurvivingEngine.slotCount()
            keeperDescriptors = status.keeperPID.map { SurvivingEngine.descriptors(of: $0).count } ?? 0
        }

        var description: String {
            "engine \(engine): \(memory / mebibyte) MiB, \(engineDescriptors) descriptors; "
                + "keeper \(keeper ?? 0): \(keeperDescriptors) descriptors"
        }
    }

    private static func compare(_ costs: [Cost]) {
        // The first cycle of an engine fills what it keeps for those that follow.
        for (_, lives) in Dictionary(grouping: costs, by: \.engine) where lives.count > 2 {
            let (first, last) = (lives[1], lives[lives.count - 1])
            #expect(last.memory - first.memory < 16 * mebibyte, "\(lives)")
            #expect(last.engineDescriptors - first.engineDescriptors < 8, "\(lives)")
        }
        for (_, lives) in Dictionary(grouping: costs, by: \.keeper) where lives.count > 2 {
            #expect(lives[lives.count - 1].keeperDescriptors - lives[1].keeperDescriptors < 4, "\(lives)")
        }
    }
}

extension SurvivingProject {
    /// The containers that run, as the kernel has them: `shop-s0-1 VERSION=3 32`, in order.
    func running() throws -> [String] {
        try containers().compactMap { container -> String? in
            guard container.state.pid > 0 else { return nil }
            let environment = (try? readText("/proc/\(container.state.pid)/environ")) ?? ""
            let version = environment.split(separator: "\0").first { $0.hasPrefix("VERSION=") } ?? ""
            return "\(container.name.drop { $0 == "/" }) \(version) \(container.hostConfig.resources.memory >> 20)"
        }.sorted()
    }
}
