// SPDX-License-Identifier: Apache-2.0

import EngineAPI

// Limits; the texts are Docker's.
extension RequestChecker {
    private static let leastMemory: Int64 = 6 << 20

    /// Checks limits, and takes out those that this machine does not have, with a warning.
    mutating func checkResources(_ resources: inout Resources) {
        checkMemory(&resources)
        checkProcessors(&resources)
        checkSets(&resources)
        checkBlockIO(&resources)
        checkUlimits(resources.ulimits ?? [])
        checkDevices(resources)
        if let limit = resources.pidsLimit?.ifSet {
            require(limit > 0, "invalid PidsLimit: \(limit)")
            if !machine.controls.pids {
                discard("PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.")
                resources.pidsLimit = nil
            }
        }
        let parts = resources.cgroupParent.split(separator: "/")
        require(
            !parts.contains("..") && !parts.contains(".") && resources.cgroupParent.utf8.count < 1024,
            "invalid CgroupParent: \(resources.cgroupParent.prefix(256))"
        )
        if resources.cgroupParent.hasSuffix(".slice") {
            problems.append("cgroup-parent for systemd cgroup should not be used: give a path such as /parent")
        }
    }

    private mutating func discard(_ what: String) { warnings.append("Your kernel does not support \(what)") }

    // MARK: Memory

    private mutating func checkMemory(_ resources: inout Resources) {
        let controls = machine.controls
        if resources.memory != 0, !controls.memory {
            discard("memory limit capabilities or the cgroup is not mounted. Limitation discarded.")
            (resources.memory, resources.memorySwap) = (0, -1)
        }
        if resources.memory != 0, resources.memorySwap > 0, !controls.swap {
            discard("swap limit capabilities or the cgroup is not mounted. Memory limited without swap.")
            resources.memorySwap = -1
        }
        if resources.memoryReservation != 0, !controls.memory {
            discard("memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.")
            resources.memoryReservation = 0
        }
        checkMemoryNumbers(resources)
        if let swappiness = resources.memorySwappiness, swappiness != -1 {
            require(
                (0...100).contains(swappiness),
                "Invalid value: \(swappiness), valid memory swappiness range is 0-100"
            )
            if !controls.isMemoryVersionOne {
                discard("memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.")
                resources.memorySwappiness = nil
            }
        }
        if resources.oomKillDisable == true {
            if !controls.isMemoryVersionOne {
                discard("OomKillDisable. OomKillDisable discarded.")
                resources.oomKillDisable = false
            } else if resources.memory == 0 {
                warnings.append(
                    "OOM killer is disabled for the container, but no memory limit is set, this can result in the system "
                        + "running out of resources."
                )
            }
        }
    }

    private mutating func checkMemoryNumbers(_ resources: Resources) {
        let (memory, swap, reservation) = (resources.memory, resources.memorySwap, resources.memoryReservation)
        require(memory == 0 || memory >= Self.leastMemory, "Minimum memory limit allowed is 6MB")
        require(swap >= -1, "invalid MemorySwap: \(swap)")
        require(
            memory <= 0 || swap <= 0 || swap >= memory,
            "Minimum memoryswap limit should be larger than memory limit, see usage"
        )
        require(
            memory != 0 || swap <= 0,
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        )
        require(reservation == 0 || reservation >= Self.leastMemory, "Minimum memory reservation allowed is 6MB")
        require(
            memory <= 0 || reservation <= memory,
            "Minimum memory limit can not be less than memory reservation limit, see usage"
        )
    }

    // MARK: Processors

    private mutating func checkProcessors(_ resources: inout Resources) {
        let count = machine.processors.count
        if resources.nanoCpus != 0 {
            require(resources.cpuPeriod == 0, "Conflicting options: Nano CPUs and CPU Period cannot both be set")
            require(resources.cpuQuota == 0, "Conflicting options: Nano CPUs and CPU Quota cannot both be set")
            // A hundredth of a processor is the least that the kernel's millisecond leaves.
            require(
                (10_000_000...Int64(count) * 1_000_000_000).contains(resources.nanoCpus),
                "range of CPUs is from 0.01 to \(count).00, as there are only \(count) CPUs available"
            )
        }
        require(
            resources.cpuShares >= 0,
            "invalid CPU shares (\(resources.cpuShares)): value must be a positive integer"
        )
        require(
            resources.cpuPeriod == 0 || (1000...1_000_000).contains(resources.cpuPeriod),
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
        )
        require(
            resources.cpuQuota <= 0 || resources.cpuQuota >= 1000,
            "CPU cfs quota can not be less than 1ms (i.e. 1000)"
        )
        let usesProcessors = [resources.cpuShares, resources.nanoCpus, resources.cpuPeriod, resources.cpuQuota]
        if !machine.controls.cpu, usesProcessors.contains(where: { $0 != 0 }) {
            discard("CPU shares and the CPU cfs quota or the cgroup is not mounted. They are discarded.")
            (resources.cpuShares, resources.nanoCpus, resources.cpuPeriod, resources.cpuQuota) = (0, 0, 0, 0)
        }
        let (period, runtime) = (resources.cpuRealtimePeriod, resources.cpuRealtimeRuntime)
        guard period != 0 || runtime != 0 else { return }
        require(
            machine.controls.realtime,
            "Your kernel does not support CPU real-time scheduler"
        )
        require(period >= 0 && runtime >= 0, "cpu real-time period and runtime cannot be negative")
        require(
            period == 0 || runtime <= period,
            "cpu real-time runtime cannot be higher than cpu real-time period"
        )
    }

    private mutating func checkSets(_ resources: inout Resources) {
        let sets = [
            (resources.cpusetCpus, "cpus", "CPUs", machine.processors),
            (resources.cpusetMems, "mems", "memory nodes", machine.memoryNodes),
        ]
        for (text, name, words, available) in sets where !text.isEmpty {
            guard let list = NumberList(text) else {
                problems.append("Invalid value \(text.prefix(256)) for cpuset \(name)")
                continue
            }
            require(
                list.numbers.isSubset(of: available),
                "Requested \(words) are not available - requested \(text.prefix(256)), available: "
                    + available.sorted().map(String.init).joined(separator: ",")
            )
            if !machine.controls.cpuset {
                discard("cpuset or the cgroup is not mounted. Cpuset discarded.")
                (resources.cpusetCpus, resources.cpusetMems) = ("", "")
                return
            }
        }
    }

    // MARK: Block devices

    private mutating func checkBlockIO(_ resources: inout Resources) {
        require(
            resources.blkioWeight == 0 || (10...1000).contains(resources.blkioWeight),
            "Range of blkio weight is from 10 to 1000"
        )
        for entry in resources.blkioWeightDevice ?? [] {
            require(
                entry.path.hasPrefix("/"),
                "invalid path of a device in BlkioWeightDevice: \(entry.path.prefix(256))"
            )
            require(
                entry.weight == 0 || (10...1000).contains(entry.weight),
                "Range of blkio weight is from 10 to 1000"
            )
        }
        let rates = [
            resources.blkioDeviceReadBps, resources.blkioDeviceWriteBps, resources.blkioDeviceReadIOPS,
            resources.blkioDeviceWriteIOPS,
        ]
        for entry in rates.flatMap({ $0 ?? [] }) where !entry.path.hasPrefix("/") {
            refuse("invalid path of a device in a limit of block devices", entry.path)
        }
        let isUsed = resources.blkioWeight != 0 || !(resources.blkioWeightDevice ?? []).isEmpty
        if !machine.controls.blockIO, isUsed || rates.contains(where: { !($0 ?? []).isEmpty }) {
            discard("Block I/O limits or the cgroup is not mounted. They are discarded.")
            resources.blkioWeight = 0
            resources.blkioWeightDevice = nil
            (resources.blkioDeviceReadBps, resources.blkioDeviceWriteBps) = (nil, nil)
            (resources.blkioDeviceReadIOPS, resources.blkioDeviceWriteIOPS) = (nil, nil)
        }
    }

    // MARK: Limits of processes

    private mutating func checkUlimits(_ limits: [Ulimit]) {
        var seen: Set<String> = []
        for limit in limits {
            guard
                let own = machine.hardLimits[limit.name] ?? (Machine.limitNumbers[limit.name] == nil ? nil : UInt64.max)
            else {
                refuse("invalid ulimit type", limit.name)
                continue
            }
            require(seen.insert(limit.name).inserted, "ulimit \(limit.name) is there twice")
            guard limit.hard >= -1, limit.soft >= -1 else {
                problems.append("invalid ulimit \(limit.name): a limit is a number, or -1 for none")
                continue
            }
            let (hard, soft) = (Self.number(limit.hard), Self.number(limit.soft))
            require(
                soft <= hard,
                "ulimit soft limit must be less than or equal to hard limit: \(limit.soft) > \(limit.hard)"
            )
            if hard > own, !machine.raisesLimits {
                problems.append(
                    "ulimit \(limit.name): the hard limit \(limit.hard) cannot be raised above the engine's, \(own); "
                        + "lower it, or start the engine with a higher limit"
                )
            } else if limit.name == "nofile", hard > machine.mostOpenFiles {
                problems.append(
                    "ulimit nofile: the hard limit \(limit.hard) cannot be raised above \(machine.mostOpenFiles), "
                        + "fs.nr_open of this machine; lower it, or raise that"
                )
            }
        }
    }

    /// The kernel's form of a limit.
    static func number(_ limit: Int64) -> UInt64 { limit < 0 ? .max : UInt64(limit) }

    // MARK: Devices

    private mutating func checkDevices(_ resources: Resources) {
        for device in resources.devices ?? [] {
            require(
                device.pathOnHost.hasPrefix("/"),
                "invalid device mapping, `\(device.pathOnHost.prefix(256))` is not an absolute path"
            )
            let place = HostPath.clean(device.pathInContainer.isEmpty ? device.pathOnHost : device.pathInContainer)
            require(
                place.hasPrefix("/dev/"),
                "invalid device mapping, `\(place.prefix(256))` does not lie in the container's /dev"
            )
            require(
                device.cgroupPermissions.allSatisfy { "rwm".contains($0) },
                "invalid device mode: \(device.cgroupPermissions.prefix(64))"
            )
        }
        for text in resources.deviceCgroupRules ?? [] {
            do { _ = try DeviceRuleText.parse(text) } catch { problems.append(error.text) }
        }
        if let request = resources.deviceRequests?.first {
            problems.append(
                "could not select device driver \"\(request.driver.prefix(64))\" with capabilities: "
                    + "\((request.capabilities ?? []).map { "[\($0.joined(separator: " "))]" })"
            )
        }
    }
}

extension Resources {
    /// Takes over what an update sets; what it leaves unset stays.
    mutating func apply(_ update: Resources) {
        for field: WritableKeyPath<Resources, Int64> in [
            \.cpuShares, \.memory, \.nanoCpus, \.blkioWeight, \.cpuPeriod, \.cpuQuota, \.cpuRealtimePeriod,
            \.cpuRealtimeRuntime, \.memoryReservation, \.memorySwap,
        ] where update[keyPath: field] != 0 {
            self[keyPath: field] = update[keyPath: field]
        }
        // Either form of the quota takes the place of the other.
        if update.nanoCpus != 0 { (cpuPeriod, cpuQuota) = (0, 0) }
        if update.cpuPeriod != 0 || update.cpuQuota != 0 { nanoCpus = 0 }
        if !update.cpusetCpus.isEmpty { cpusetCpus = update.cpusetCpus }
        if !update.cpusetMems.isEmpty { cpusetMems = update.cpusetMems }
        if let limit = update.pidsLimit { pidsLimit = limit }
    }
}
