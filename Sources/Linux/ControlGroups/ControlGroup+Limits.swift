// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ControlGroup {
    /// Changes limits of the group, with or without processes in it; what is nil stays as it is.
    ///
    /// The steps are not undone where one fails: the limits before it are in force, and those after it are not.
    ///
    /// - Parameter limits: What to change.
    /// - Throws: `.invalid` or `.unsupported` before anything is changed where that can be known; `.refused` with the
    ///   file, the value and the kernel's answer.
    package func update(_ limits: ResourceLimits) throws(ControlGroupError) {
        try apply(limits, isNew: false)
    }

    func apply(_ limits: ResourceLimits, isNew: Bool) throws(ControlGroupError) {
        let steps = try limits.steps { hierarchies.hierarchy(of: $0)?.version }
        if !isNew, let unified = hierarchies.unified { try enableAbove(limits.controllers, in: unified) }
        if limits.memory.refusesLimitBelowUsage { try checkUsage(limits) }
        var rest = steps[...]
        while let controller = rest.first?.controller {
            let group = rest.prefix { $0.controller == controller }
            rest = rest.dropFirst(group.count)
            guard let tree = hierarchies.hierarchy(of: controller) else { continue }
            let directory = try directory(in: tree, to: "open")
            try write(Array(group), to: directory)
        }
        if let rules = limits.devices { try apply(rules, isNew: isNew) }
    }

    private func write(
        _ steps: [LimitStep],
        to directory: borrowing ControlGroupDirectory
    ) throws(ControlGroupError) {
        var deferred: [LimitStep] = []
        for step in steps {
            do {
                try write(step, to: directory)
            } catch  where error.number == EINVAL && steps.count > 1 {
                deferred.append(step)
            }
        }
        for step in deferred { try write(step, to: directory) }
    }

    private func write(_ step: LimitStep, to directory: borrowing ControlGroupDirectory) throws(ControlGroupError) {
        var choice = step.choices.first
        for candidate in step.choices where directory.has(candidate.file) {
            choice = candidate
            break
        }
        guard var choice else { return }
        if !directory.has(choice.file) {
            if step.isOptional { return }
            throw ControlGroupError(
                .unsupported,
                "set \(step.limit) to \(choice.value) for control group \(path)",
                limit: step.limit,
                on: "\(directory.path)/\(choice.file)",
                reason: "this kernel has no such file; leave the limit out",
                number: ENOENT
            )
        }
        do {
            if choice.value.hasPrefix("\(LimitStep.currentQuota) ") {
                let quota = try directory.read(choice.file).prefix { $0 != " " }
                choice.value = String(quota) + choice.value.dropFirst(LimitStep.currentQuota.count)
            }
            try directory.write(choice.file, choice.value)
        } catch {
            throw ControlGroupError(
                "set \(step.limit) to \(choice.value) for control group \(path)",
                error,
                code: error.number == EOPNOTSUPP ? .unsupported : .refused,
                limit: step.limit,
                hint: Self.hint(for: step, error.number)
            )
        }
    }

    private static func hint(for step: LimitStep, _ number: Int32) -> String {
        switch (step.controller, number) {
        case ("memory", EBUSY): "more than that is in use; end processes or choose a higher limit"
        case ("memory", EINVAL): "memory.limit must not be above memory.swap, which counts both"
        case ("cpuset", EINVAL), ("cpuset", ERANGE), ("cpuset", EACCES), ("cpuset", ENOSPC):
            "the machine, or the group above, does not have all of these"
        case ("cpu", EINVAL), ("cpu", ERANGE): "it is out of the kernel's range, or above what the parent group may use"
        case ("io", ENODEV), ("io", ENXIO): "there is no such block device"
        default: ""
        }
    }

    /// Refuses a limit below usage on version 2, where the kernel would start to kill.
    private func checkUsage(_ limits: ResourceLimits) throws(ControlGroupError) {
        guard case .atMost(let limit)? = limits.memory.limit, let tree = hierarchies.hierarchy(of: "memory"),
            tree.version == .two
        else { return }
        let usage = try attempt("read the usage of") { () throws(SystemError) in
            let text = try directory(in: tree).readIfPresent("memory.current") ?? ""
            return UInt64(text.prefix { !$0.isWhitespace }) ?? 0
        }
        if usage <= limit { return }
        throw ControlGroupError(
            .refused,
            "set memory.limit to \(limit) for control group \(path)",
            limit: "memory.limit",
            on: "\(tree.mountPoint)/\(path)/memory.max",
            reason: "\(usage) bytes are in use; end processes or choose a higher limit",
            number: EBUSY
        )
    }

    private func enableAbove(
        _ controllers: Set<String>,
        in tree: ControlGroupHierarchy
    ) throws(ControlGroupError) {
        var way = "."
        for level in ["."] + (hierarchies.parent + name).dropLast() {
            way += level == "." ? "" : "/\(level)"
            let directory = try attempt("open the parents of") { () throws(SystemError) -> ControlGroupDirectory in
                try tree.root.directory.directory(way)
            }
            try enable(controllers, in: tree, at: directory)
        }
    }
}
