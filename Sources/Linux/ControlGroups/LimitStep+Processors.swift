// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ProcessorLimits {
    var needsProcessorController: Bool {
        var rest = self
        (rest.processors, rest.memoryNodes) = (nil, nil)
        return rest != ProcessorLimits()
    }

    /// The weight of version 2 for shares of version 1, so that the defaults 1024 and 100 and both ends meet.
    ///
    /// The formula of the OCI runtimes since 2025: `ceil(10^((l² + 125 l) / 612 − 7 / 34))` with `l = log2(shares)`.
    ///
    /// - Parameter shares: The shares, 2 to 262144; what lies outside counts as the nearer end.
    /// - Returns: The weight, 1 to 10000.
    static func weight(ofShares shares: UInt64) -> UInt64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let power = log2(Double(shares))
        return UInt64(ceil(pow(10, (power * power + 125 * power) / 612 - 7.0 / 34)))
    }
}

extension ResourceLimits {
    func cpuStepsOne() -> [LimitStep] {
        var steps: [LimitStep] = []
        if let idle = cpu.idle {
            steps.append(LimitStep("cpu.idle", "cpu", "cpu.idle", idle ? "1" : "0", isOptional: !idle))
        }
        if let shares = cpu.shares { steps.append(LimitStep("cpu.shares", "cpu", "cpu.shares", "\(shares)")) }
        if let burst = cpu.burst {
            let value = "\(burst.microseconds)"
            steps.append(LimitStep("cpu.burst", "cpu", "cpu.cfs_burst_us", value, isOptional: burst == .zero))
        }
        if let period = cpu.period {
            steps.append(LimitStep("cpu.period", "cpu", "cpu.cfs_period_us", "\(period.microseconds)"))
        }
        if let quota = cpu.quota {
            steps.append(LimitStep("cpu.quota", "cpu", "cpu.cfs_quota_us", quota.text(unlimited: "-1")))
        }
        if let period = cpu.realtimePeriod {
            steps.append(LimitStep("cpu.realtimePeriod", "cpu", "cpu.rt_period_us", "\(period.microseconds)"))
        }
        if let runtime = cpu.realtimeRuntime {
            steps.append(LimitStep("cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us", "\(runtime.microseconds)"))
        }
        return steps
    }

    func cpuStepsTwo() throws(ControlGroupError) -> [LimitStep] {
        if cpu.realtimePeriod != nil { throw .versionOneOnly("cpu.realtimePeriod") }
        if cpu.realtimeRuntime != nil { throw .versionOneOnly("cpu.realtimeRuntime") }
        var steps: [LimitStep] = []
        if let idle = cpu.idle {
            steps.append(LimitStep("cpu.idle", "cpu", "cpu.idle", idle ? "1" : "0", isOptional: !idle))
        }
        // The kernel refuses a weight for a group that is idle.
        if let shares = cpu.shares, cpu.idle != true {
            let weight = ProcessorLimits.weight(ofShares: shares)
            steps.append(LimitStep("cpu.shares", "cpu", "cpu.weight", "\(weight)"))
        }
        if let burst = cpu.burst {
            let value = "\(burst.microseconds)"
            steps.append(LimitStep("cpu.burst", "cpu", "cpu.max.burst", value, isOptional: burst == .zero))
        }
        if cpu.quota != nil || cpu.period != nil {
            // A value alone is a quota: the kernel keeps the period. A period alone is completed from what is in force.
            let quota = cpu.quota?.text(unlimited: "max") ?? LimitStep.currentQuota
            let value = cpu.period.map { "\(quota) \($0.microseconds)" } ?? quota
            let limit = cpu.quota == nil ? "cpu.period" : "cpu.quota"
            steps.append(LimitStep(limit, "cpu", "cpu.max", value))
        }
        return steps
    }
}

extension LimitStep {
    /// Stands for the quota that is in force, where only the period is to change.
    static let currentQuota = "-"
}

extension Limit<Duration> {
    /// Microseconds.
    func text(unlimited: String) -> String {
        switch self {
        case .unlimited: unlimited
        case .atMost(let duration): "\(duration.microseconds)"
        }
    }
}
