// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineClient
import Glibc
import TestSupport

/// Has many containers alive at once, and tells what each costs.
///
///     bench-many COUNT
@main
enum BenchMany {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-many: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        guard CommandLine.arguments.count == 2, let count = Int(CommandLine.arguments[1]), count >= 10 else {
            throw SystemFailure(message: "usage: bench-many COUNT")
        }
        let scratch = try Scratch()
        let engine = try BenchEngine(in: scratch)
        // The first one fills the caches that the others find filled.
        let warm = try engine.start(["sleep", "1000000"])
        let groups = try engine.groupFolders(of: warm)
        try engine.client.removeContainer(warm, force: true)
        let before = try State(engine, groups)
        var ids: [String] = []
        let times = try (0..<count).map { _ in
            try seconds { ids.append(try engine.start(["sleep", "1000000"])) }
        }
        let full = try State(engine, groups)
        let removal = try seconds {
            for id in ids { try engine.client.removeContainer(id, force: true) }
        }
        let after = try settle(engine, groups, before)
        let share = count / 10
        let (first, last) = (median(Array(times.prefix(share))), median(Array(times.suffix(share))))
        print(State.table([("none", before), ("\(count)", full), ("none again", after)]))
        print("start: the first \(share) \(milliseconds(first)) each, the last \(share) \(milliseconds(last)) each")
        print("       \(decimal(last / first, 2)) times as long at the end")
        print("all removed in \(decimal(removal, 2)) s, \(milliseconds(removal / Double(count))) each")
        let each = Double(full.processes - before.processes) / Double(count)
        print("\(decimal(each, 2)) processes a container")
        try check(before, after)
    }

    /// For how long the engine may have something in hand after the last answer: it deletes in the background, and tells who
    /// watches a container that it has gone.
    private static let patience: Duration = .seconds(10)

    /// Looks at the end until nothing is left, or it is clear that something stays.
    private static func settle(_ engine: BenchEngine, _ groups: [String], _ before: State) throws -> State {
        let begin = ContinuousClock.now
        while true {
            let now = try State(engine, groups)
            let time = ContinuousClock.now - begin
            let left = now.differences(from: before)
            if left.isEmpty || time > patience {
                print("the engine was done \(milliseconds(time / .seconds(1))) after its last answer")
                return now
            }
            usleep(10_000)
        }
    }

    /// Holds the end against the beginning.
    private static func check(_ before: State, _ after: State) throws {
        let differences = after.differences(from: before)
        if differences.isEmpty { return print("nothing is left") }
        throw SystemFailure(message: "something is left: \(differences.joined(separator: "; "))")
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        try ContinuousClock().measure(body) / .seconds(1)
    }
}

/// What the engine and its keeper have of the machine.
private struct State {
    let engineMemory: Int
    let keeperMemory: Int
    let engineDescriptors: [String: Int]
    let keeperDescriptors: [String: Int]
    let engineThreads: Int
    /// The children of the keeper.
    let processes: Int
    /// The control groups of containers, in all hierarchies.
    let groups: Int
    /// The folders of containers.
    let folders: Int

    init(_ engine: BenchEngine, _ groupFolders: [String]) throws {
        let (own, keeper) = try engine.processes()
        (engineMemory, keeperMemory) = (try own.memory(), try keeper.memory())
        (engineDescriptors, keeperDescriptors) = (own.descriptors, keeper.descriptors)
        engineThreads = own.threads
        processes = try keeper.children()
        folders = names(in: engine.root + "/containers").count
        groups = groupFolders.reduce(0) { sum, folder in
            sum + names(in: folder).count { isFolder("\(folder)/\($0)") }
        }
    }

    /// What there is more of than before.
    func differences(from before: State) -> [String] {
        func kinds(_ name: String, _ old: [String: Int], _ new: [String: Int]) -> [(String, Int, Int)] {
            new.keys.sorted().map { ("\(name) of \($0)", old[$0] ?? 0, new[$0] ?? 0) }
        }
        let all =
            [
                ("processes", before.processes, processes), ("control groups", before.groups, groups),
                ("folders", before.folders, folders),
            ]
            + kinds("descriptors of the keeper", before.keeperDescriptors, keeperDescriptors)
            + kinds("descriptors of the engine", before.engineDescriptors, engineDescriptors)
        return all.filter { $0.1 < $0.2 }.map { "\($0.0): \($0.1) before, \($0.2) after" }
    }

    static func table(_ states: [(String, State)]) -> Table {
        var table = Table([""] + states.map(\.0))
        func row(_ name: String, _ value: (State) -> String) {
            table.append([name] + states.map { value($0.1) })
        }
        func size(_ bytes: Int) -> String { "\(decimal(Double(bytes) / 1_048_576, 1)) MiB" }
        row("memory of the engine") { size($0.engineMemory) }
        row("memory of the keeper") { size($0.keeperMemory) }
        row("both") { size($0.engineMemory + $0.keeperMemory) }
        row("threads of the engine") { "\($0.engineThreads)" }
        row("descriptors of the engine") { "\($0.engineDescriptors.values.reduce(0, +))" }
        row("descriptors of the keeper") { "\($0.keeperDescriptors.values.reduce(0, +))" }
        row("processes of containers") { "\($0.processes)" }
        row("control groups") { "\($0.groups)" }
        return table
    }
}
