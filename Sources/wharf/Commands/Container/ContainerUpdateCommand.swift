// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient

/// `wharf container update`: changes the limits of containers, also while they run.
final class ContainerUpdateCommand {
    private let global: GlobalOptions
    private var request = ContainerUpdateRequest()
    /// Whether there is something to change.
    private var hasChange = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("update", summary: "Change the limits of containers.") { ContainerUpdateCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container update -m 512m web
                wharf container update --cpus 1.5 --pids-limit 200 web db
                wharf container update --restart on-failure:3 web
                """,
            options: processorOptions() + memoryOptions() + otherOptions(),
            positionals: [.containers(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func processorOptions() -> [Option] {
        [
            number("cpu-period", "microseconds", "The period of the quota.", \.cpuPeriod),
            number("cpu-quota", "microseconds", "The time of processors in each period.", \.cpuQuota),
            number("cpu-rt-period", "microseconds", "The period of the real-time quota.", \.cpuRealtimePeriod),
            number("cpu-rt-runtime", "microseconds", "The real-time quota.", \.cpuRealtimeRuntime),
            number("cpu-shares", short: "c", "weight", "The weight among others.", \.cpuShares),
            value("cpus", "number", "How many processors, such as 1.5.") { resources, text throws(InvalidValue) in
                resources.nanoCpus = try ContainerOptions.billionths(text)
            },
            value("cpuset-cpus", "list", "Which processors, such as 0-3,7.") { $0.cpusetCpus = $1 },
            value("cpuset-mems", "list", "Which memory nodes.") { $0.cpusetMems = $1 },
        ]
    }

    private func memoryOptions() -> [Option] {
        [
            bytes("memory", short: "m", "The limit of memory.", \.memory),
            bytes("memory-reservation", "The memory that is left under pressure.", \.memoryReservation),
            value("memory-swap", "size", "The limit of memory and swap together; -1 for any amount of swap.") {
                resources,
                text throws(InvalidValue) in
                resources.memorySwap = text == "-1" ? -1 : try Self.size(text)
            },
        ]
    }

    private func otherOptions() -> [Option] {
        [
            .number("blkio-weight", "weight", help: "The weight for block devices, from 10 to 1000; 0 for none.") {
                weight throws(InvalidValue) in
                guard weight == 0 || (10...1000).contains(weight) else {
                    throw InvalidValue("0 or a number from 10 to 1000")
                }
                self.change { $0.blkioWeight = Int64(weight) }
            },
            .number("pids-limit", "count", help: "How many processes; -1 for any number.") { count in
                self.change { $0.pidsLimit = Int64(count) }
            },
            .value(
                "restart",
                "policy",
                help: "What is done when it ends: no, always, unless-stopped or on-failure[:N]."
            ) {
                text throws(InvalidValue) in
                self.request.restartPolicy = try Self.policy(text)
                self.hasChange = true
            },
        ]
    }

    // MARK: Kinds of options

    private func change(_ body: (inout EngineAPI.Resources) -> Void) {
        body(&request.resources)
        hasChange = true
    }

    private func value(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        _ help: String,
        store: @escaping (inout EngineAPI.Resources, String) throws(InvalidValue) -> Void
    ) -> Option {
        .value(name, short: short, valueName, help: help) { text throws(InvalidValue) in
            try store(&self.request.resources, text)
            self.hasChange = true
        }
    }

    private func number(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        _ help: String,
        _ field: WritableKeyPath<EngineAPI.Resources, Int64>
    ) -> Option {
        .number(name, short: short, valueName, help: help) { number in
            self.change { $0[keyPath: field] = Int64(number) }
        }
    }

    private func bytes(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ help: String,
        _ field: WritableKeyPath<EngineAPI.Resources, Int64>
    ) -> Option {
        value(name, short: short, "size", help) { resources, text throws(InvalidValue) in
            resources[keyPath: field] = try Self.size(text)
        }
    }

    private static func size(_ text: String) throws(InvalidValue) -> Int64 {
        guard let size = try? ByteCountText.parse(text) else { throw InvalidValue("a size such as 512m or 1.5g") }
        return size
    }

    private static func policy(_ text: String) throws(InvalidValue) -> EngineAPI.RestartPolicy {
        let expectation = "no, always, unless-stopped, on-failure or on-failure:N"
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, ["no", "always", "unless-stopped", "on-failure"].contains(name) else {
            throw InvalidValue(expectation)
        }
        var policy = EngineAPI.RestartPolicy()
        policy.name = String(name)
        if parts.count == 2 {
            guard name == "on-failure", let count = Int(parts[1]), count >= 0 else { throw InvalidValue(expectation) }
            policy.maximumRetryCount = count
        }
        return policy
    }

    private func run() throws {
        guard hasChange else { throw UsageError("you must provide one or more flags when using this command") }
        let (engine, request) = (try global.client(), request)
        let warnings = WarningList()
        try Targets.run(names) { name in
            warnings.add(try engine.updateContainer(name, request).warnings ?? [])
        }
        warnings.show()
    }
}
