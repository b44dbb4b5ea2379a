// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The two generations of the kernel's interface.
package enum ControlGroupVersion: Int, Equatable, Sendable {
    case one = 1
    case two = 2
}

/// One value that has to be written to a file of a control group.
struct LimitStep: Equatable {
    /// A file and the value in that file's own notation.
    struct Choice: Equatable {
        var file: String
        var value: String
    }

    /// The limit by its name in the OCI runtime specification.
    var limit: String
    /// The controller whose files these are.
    var controller: String
    /// The first file that exists gets its value.
    var choices: [Choice]
    /// Whether the step is done as well where no file exists: the limit is one that holds anyway.
    var isOptional = false

    init(_ limit: String, _ controller: String, _ choices: [Choice], isOptional: Bool = false) {
        self.limit = limit
        self.controller = controller
        self.choices = choices
        self.isOptional = isOptional
    }

    init(_ limit: String, _ controller: String, _ file: String, _ value: String, isOptional: Bool = false) {
        self.init(limit, controller, [Choice(file: file, value: value)], isOptional: isOptional)
    }
}

extension ResourceLimits {
    /// Where a controller lives; nil where the machine has none.
    typealias Placement = (_ controller: String) -> ControlGroupVersion?

    /// The controllers that these limits need.
    var controllers: Set<String> {
        var needed = Set(unified.keys.compactMap(Self.controller(ofUnified:)))
        if memory.limit ?? memory.reservation ?? memory.memoryAndSwap != nil { needed.insert("memory") }
        if memory.swappiness != nil || memory.disablesOutOfMemoryKiller == true { needed.insert("memory") }
        if cpu.needsProcessorController { needed.insert("cpu") }
        if cpu.processors ?? cpu.memoryNodes != nil { needed.insert("cpuset") }
        if processes != nil { needed.insert("pids") }
        if blockIO != BlockIOLimits() { needed.insert("io") }
        if !hugePages.isEmpty { needed.insert("hugetlb") }
        return needed
    }

    /// The writes that put the limits in force, but for devices, in the order to try them.
    ///
    /// A limit that the kernel checks against its neighbour (`EINVAL`) is tried again after the rest of its controller:
    /// so both raising and lowering a pair works without reading the old values.
    ///
    /// - Parameter placement: Where each controller lives.
    /// - Returns: The steps.
    /// - Throws: What makes no sense, or what this version of control groups cannot do.
    func steps(_ placement: Placement) throws(ControlGroupError) -> [LimitStep] {
        try check(placement)
        var steps: [LimitStep] = []
        if placement("cpuset") != nil { steps += cpusetSteps }
        if let version = placement("memory") {
            steps += version == .one ? memoryStepsOne() : try memoryStepsTwo()
        }
        if let version = placement("cpu") { steps += version == .one ? cpuStepsOne() : try cpuStepsTwo() }
        if placement("pids") != nil { steps += processSteps }
        if let version = placement("io") { steps += blockIO.steps(version) }
        if let version = placement("hugetlb") { steps += hugePageSteps(version) }
        for (file, value) in unified.sorted(by: { $0.key < $1.key }) {
            steps.append(LimitStep("unified[\(file)]", Self.controller(ofUnified: file) ?? "cgroup", file, value))
        }
        return steps
    }

    /// `memory` of `memory.high`.
    static func controller(ofUnified file: String) -> String? {
        let name = file.prefix { $0 != "." }
        return name.isEmpty || name == "cgroup" ? nil : String(name)
    }

    private func check(_ placement: Placement) throws(ControlGroupError) {
        for file in unified.keys where file.contains("/") || !file.contains(".") || file.hasPrefix("cgroup.") {
            throw ControlGroupError(
                .invalid,
                "set unified[\(file)]",
                limit: "unified[\(file)]",
                reason: "the name must be that of a controller's file, memory.high for example"
            )
        }
        for page in hugePages where page.pageSize.contains("/") || page.pageSize.isEmpty {
            let limit = "hugepageLimits[\(page.pageSize)]"
            throw ControlGroupError(.invalid, "set \(limit)", limit: limit, reason: "a page size is like 2MB or 1GB")
        }
        for file in unified.keys.sorted() {
            let controller = Self.controller(ofUnified: file) ?? ""
            if placement(controller) == .two { continue }
            throw .noController(controller, version: " version 2", limit: "unified[\(file)]")
        }
        let all = cpusetSteps + memoryStepsOne() + cpuStepsOne() + processSteps + blockIO.steps(.one)
        for step in all + hugePageSteps(.one) where !step.isOptional && placement(step.controller) == nil {
            throw .noController(step.controller, limit: step.limit)
        }
    }

    private var cpusetSteps: [LimitStep] {
        [
            cpu.processors.map { LimitStep("cpu.cpus", "cpuset", "cpuset.cpus", $0) },
            cpu.memoryNodes.map { LimitStep("cpu.mems", "cpuset", "cpuset.mems", $0) },
        ].compactMap(\.self)
    }

    private var processSteps: [LimitStep] {
        processes.map { [LimitStep("pids.limit", "pids", "pids.max", $0.text(unlimited: "max"))] } ?? []
    }

    private func hugePageSteps(_ version: ControlGroupVersion) -> [LimitStep] {
        hugePages.flatMap { page in
            let (name, file) = ("hugepageLimits[\(page.pageSize)]", "hugetlb.\(page.pageSize)")
            return version == .one
                ? [
                    LimitStep(name, "hugetlb", "\(file).limit_in_bytes", page.limit.text(unlimited: "-1")),
                    LimitStep(
                        name,
                        "hugetlb",
                        "\(file).rsvd.limit_in_bytes",
                        page.limit.text(unlimited: "-1"),
                        isOptional: true
                    ),
                ]
                : [
                    LimitStep(name, "hugetlb", "\(file).max", page.limit.text(unlimited: "max")),
                    LimitStep(
                        name,
                        "hugetlb",
                        "\(file).rsvd.max",
                        page.limit.text(unlimited: "max"),
                        isOptional: true
                    ),
                ]
        }
    }
}

extension Limit<UInt64> {
    func text(unlimited: String) -> String {
        switch self {
        case .unlimited: unlimited
        case .atMost(let value): "\(value)"
        }
    }
}

extension Duration {
    /// The duration in whole microseconds.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
