// SPDX-License-Identifier: Apache-2.0

extension ResourceLimits {
    func memoryStepsOne() -> [LimitStep] {
        var steps: [LimitStep] = []
        var both = memory.memoryAndSwap
        // No limit of memory with a limit of memory and swap together would be refused.
        if memory.limit == .unlimited, both == nil { both = .unlimited }
        if let limit = memory.limit {
            steps.append(
                LimitStep("memory.limit", "memory", "memory.limit_in_bytes", limit.text(unlimited: "-1"))
            )
        }
        if let both {
            steps.append(
                LimitStep(
                    "memory.swap",
                    "memory",
                    "memory.memsw.limit_in_bytes",
                    both.text(unlimited: "-1"),
                    isOptional: both == .unlimited
                )
            )
        }
        if let reservation = memory.reservation {
            let value = reservation.text(unlimited: "-1")
            steps.append(LimitStep("memory.reservation", "memory", "memory.soft_limit_in_bytes", value))
        }
        if let swappiness = memory.swappiness {
            steps.append(LimitStep("memory.swappiness", "memory", "memory.swappiness", "\(swappiness)"))
        }
        if let disables = memory.disablesOutOfMemoryKiller {
            let value = disables ? "1" : "0"
            steps.append(
                LimitStep("memory.disableOOMKiller", "memory", "memory.oom_control", value, isOptional: !disables)
            )
        }
        return steps
    }

    func memoryStepsTwo() throws(ControlGroupError) -> [LimitStep] {
        if memory.swappiness != nil { throw .versionOneOnly("memory.swappiness") }
        if memory.disablesOutOfMemoryKiller == true { throw .versionOneOnly("memory.disableOOMKiller") }
        var steps: [LimitStep] = []
        if let limit = memory.limit {
            steps.append(LimitStep("memory.limit", "memory", "memory.max", limit.text(unlimited: "max")))
        }
        if let swap = try memory.swapOnly() {
            steps.append(
                LimitStep(
                    "memory.swap",
                    "memory",
                    "memory.swap.max",
                    swap.text(unlimited: "max"),
                    isOptional: swap == .unlimited
                )
            )
        }
        if let reservation = memory.reservation {
            let value = reservation.text(unlimited: "max")
            steps.append(LimitStep("memory.reservation", "memory", "memory.low", value))
        }
        return steps
    }
}

extension MemoryLimits {
    /// The limit of swap alone, as version 2 has it.
    ///
    /// - Returns: The limit; nil where nothing is asked.
    /// - Throws: Where the limit of both is not above that of memory, or memory has none to take away from it.
    func swapOnly() throws(ControlGroupError) -> Limit<UInt64>? {
        switch (limit, memoryAndSwap) {
        case (.unlimited, nil), (_, .unlimited): return .unlimited
        case (_, nil): return nil
        case (.atMost(let memory), .atMost(let both)) where both >= memory: return .atMost(both - memory)
        case (.atMost(let memory), .atMost(let both)):
            throw ControlGroupError(
                .invalid,
                "set memory.swap to \(both)",
                limit: "memory.swap",
                reason: "it counts memory and swap together, so it must not be below memory.limit, \(memory)"
            )
        case (_, .atMost(let both)):
            throw ControlGroupError(
                .invalid,
                "set memory.swap to \(both)",
                limit: "memory.swap",
                reason: "it counts memory and swap together and needs a memory.limit"
            )
        }
    }
}

extension ControlGroupError {
    static func noController(_ controller: String, version: String = "", limit: String) -> ControlGroupError {
        ControlGroupError(
            .unsupported,
            "set \(limit)",
            limit: limit,
            reason:
                "this machine gives us no \(controller) controller of control groups\(version); leave the limit out, "
                + "or mount the controller or delegate it"
        )
    }

    static func versionOneOnly(_ limit: String) -> ControlGroupError {
        ControlGroupError(
            .unsupported,
            "set \(limit)",
            limit: limit,
            reason: "control groups version 2 cannot do that; leave it out"
        )
    }
}
