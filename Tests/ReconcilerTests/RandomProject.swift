// SPDX-License-Identifier: Apache-2.0

import Reconciler

/// Numbers that are the same for the same seed: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something that happens once in so many times happens.
    mutating func once(in count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: items.indices, using: &self)] }
}

/// A compose file with a few services, drawn by lot; services depend only on those whose name is later.
enum RandomProject {
    static let names = ["a", "b", "c", "d", "e"]

    static func text(_ random: inout SeededGenerator) -> String {
        var services: [String] = []
        var networks: Set<String> = []
        let used = names.filter { $0 == "e" || !random.once(in: 5) }
        // A service that others wait for to be completed exits, so that nobody can wait for its health.
        let jobs = Set(used.filter { _ in random.once(in: 5) })
        // Nobody can use what belongs to a service without containers.
        let empty = Set(used.filter { _ in random.once(in: 8) })
        // Names that go from one service to another.
        var fixed = random.once(in: 2) ? ["mine", "yours"] : []
        for name in used {
            let count = empty.contains(name) ? 0 : random.pick([1, 1, 2, 3])
            let others = used.filter { $0 > name }
            let shared = others.filter { !empty.contains($0) && random.once(in: 6) }.first
            let own = count == 1 && random.once(in: 2) ? fixed.popLast().map { "\n    container_name: \($0)" } : nil
            services.append(service(name, count, others, shared, jobs, &networks, &random) + (own ?? ""))
        }
        let extra = networks.sorted().map { network in
            "  \(network): {driver_opts: {version: \"\(Int.random(in: 1...2, using: &random))\"}"
                + (random.once(in: 4) ? ", name: other_\(network)}" : "}")
        }
        return "services:\n" + services.joined(separator: "\n")
            + (extra.isEmpty ? "" : "\nnetworks:\n" + extra.joined(separator: "\n"))
            + "\nvolumes: {data: , more: }\n"
    }

    private static func service(
        _ name: String,
        _ count: Int,
        _ others: [String],
        _ shared: String?,
        _ jobs: Set<String>,
        _ networks: inout Set<String>,
        _ random: inout SeededGenerator
    ) -> String {
        var lines = ["  \(name):", "    image: image:\(Int.random(in: 1...2, using: &random))"]
        lines.append("    environment: {MODE: \"\(Int.random(in: 1...3, using: &random))\"}")
        if random.once(in: 3) { lines.append("    mem_limit: \(Int.random(in: 6...8, using: &random))m") }
        if random.once(in: 4) { lines.append("    profiles: []\n    stop_signal: SIGINT") }
        if random.once(in: 3) { lines.append("    volumes: [\"\(random.pick(["data", "more"])):/data\"]") }
        let isJob = jobs.contains(name)
        if !isJob, random.once(in: 3) { lines.append("    healthcheck: {test: [\"CMD\", \"true\"]}") }
        if count != 1 { lines.append("    scale: \(count)") }
        if let shared {
            lines.append(random.once(in: 2) ? "    network_mode: service:\(shared)" : "    volumes_from: [\(shared)]")
        } else if random.once(in: 2) {
            let joined = ["front", "back"].filter { _ in random.once(in: 2) }
            networks.formUnion(joined)
            if !joined.isEmpty { lines.append("    networks: [\(joined.joined(separator: ", "))]") }
        }
        if !isJob, random.once(in: 3) { lines.append(rollout(&random)) }
        lines += dependencies(among: others, jobs, &random)
        return lines.joined(separator: "\n")
    }

    private static func rollout(_ random: inout SeededGenerator) -> String {
        let order = random.pick(["start-first", "stop-first"])
        let failure = random.pick(["pause", "continue", "rollback"])
        let size = Int.random(in: 0...2, using: &random)
        return
            "    deploy: {update_config: {parallelism: \(size), order: \(order), failure_action: \(failure), delay: 1s}}"
    }

    private static func dependencies(
        among others: [String],
        _ jobs: Set<String>,
        _ random: inout SeededGenerator
    ) -> [String] {
        let chosen = others.filter { _ in random.once(in: 3) }
        if chosen.isEmpty { return [] }
        return ["    depends_on:"]
            + chosen.map { other in
                let condition = jobs.contains(other) ? "service_completed_successfully" : "service_started"
                let restart = random.once(in: 2)
                return
                    "      \(other): {condition: \(condition), restart: \(restart), required: \(!random.once(in: 4))}"
            }
    }

    /// Does to a world what happens to worlds.
    static func disturb(_ world: inout Simulation, _ random: inout SeededGenerator) {
        for container in world.observed.containers {
            guard random.once(in: 5), var changed = world[container.name] else { continue }
            switch Int.random(in: 0...6, using: &random) {
            case 0: (changed.phase, changed.exitStatus, changed.health) = (.exited, 1, nil)
            case 1: changed.phase = .dead
            case 2 where changed.phase == .running: changed.phase = .paused
            case 3: changed.networks = []
            case 4: changed.definition = nil
            case 5: changed.imageID = "sha256:other"
            default:
                world[container.name] = nil
                continue
            }
            world[container.name] = changed
        }
    }
}
