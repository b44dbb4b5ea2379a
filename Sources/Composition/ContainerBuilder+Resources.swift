// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI

extension ContainerBuilder {
    /// Sets the limits and devices; those of `deploy` win over those of the service itself.
    mutating func setResources() {
        setProcessors()
        setMemory()
        setBlockDevices()
        host.resources.cgroupParent = service.cgroupParent ?? ""
        let pids = service.deploy?.resources.limits?.pids ?? service.pidsLimit
        host.resources.pidsLimit = pids.map { Int64($0) }
        host.resources.ulimits = Self.list(
            service.ulimits.sorted { $0.key < $1.key }.map { name, limit in
                var result = EngineAPI.Ulimit()
                (result.name, result.soft, result.hard) = (name, Int64(limit.soft), Int64(limit.hard))
                return result
            }
        )
        host.resources.deviceCgroupRules = Self.list(service.deviceCgroupRules)
        host.resources.devices = Self.list(service.devices.map(Self.device))
        for device in service.devices where Self.isQualified(device) {
            refuse(
                "`devices` has `\(device.source ?? "")`, a name of the Container Device Interface, which wharf does not "
                    + "know; give the devices below /dev"
            )
        }
    }

    private mutating func setProcessors() {
        host.resources.cpuShares = Int64(service.cpuShares ?? 0)
        host.resources.cpuPeriod = Int64(service.cpuPeriod ?? 0)
        host.resources.cpuQuota = Int64(service.cpuQuota ?? 0)
        host.resources.cpuRealtimePeriod = Int64(service.cpuRealtimePeriod ?? 0)
        host.resources.cpuRealtimeRuntime = Int64(service.cpuRealtimeRuntime ?? 0)
        host.resources.cpusetCpus = service.cpuset ?? ""
        if let cpus = service.deploy?.resources.limits?.cpus ?? service.cpus {
            host.resources.nanoCpus = billionths(cpus)
        }
    }

    /// The billionths of the decimal number that the file has, which a binary fraction would miss by a few.
    private mutating func billionths(_ number: Float) -> Int64 {
        guard let decimal = Double(number.description), (0...1_000_000).contains(decimal) else {
            refuse("`cpus` is \(number), which is not a number of processors from 0 to 1000000")
            return 0
        }
        return Int64((decimal * 1e9).rounded())
    }

    private mutating func setMemory() {
        let deploy = service.deploy?.resources
        host.resources.memory = (deploy?.limits?.memory ?? service.memoryLimit)?.bytes ?? 0
        host.resources.memoryReservation = (deploy?.reservations?.memory ?? service.memoryReservation)?.bytes ?? 0
        host.resources.memorySwap = service.memorySwapLimit?.bytes ?? 0
        host.resources.memorySwappiness = service.memorySwappiness
        host.resources.oomKillDisable = service.oomKillDisable
        host.oomScoreAdj = service.oomScoreAdjustment ?? 0
        host.shmSize = service.shmSize?.bytes ?? 0
    }

    private mutating func setBlockDevices() {
        guard let limits = service.blockIO else { return }
        host.resources.blkioWeight = Int64(limits.weight ?? 0)
        host.resources.blkioWeightDevice = Self.list(
            limits.weightDevices.map { device in
                var result = EngineAPI.WeightDevice()
                (result.path, result.weight) = (device.path, Int64(device.weight))
                return result
            }
        )
        host.resources.blkioDeviceReadBps = rates(limits.readBytes, "device_read_bps")
        host.resources.blkioDeviceWriteBps = rates(limits.writeBytes, "device_write_bps")
        host.resources.blkioDeviceReadIOPS = rates(limits.readOperations, "device_read_iops")
        host.resources.blkioDeviceWriteIOPS = rates(limits.writeOperations, "device_write_iops")
    }

    private mutating func rates(
        _ devices: [Compose.ThrottleDevice],
        _ key: String
    ) -> [EngineAPI.ThrottleDevice]? {
        var result: [EngineAPI.ThrottleDevice] = []
        for device in devices {
            guard let rate = UInt64(exactly: device.rate) else {
                refuse("`blkio_config.\(key)` has the rate \(device.rate) for \(device.path), which is below 0")
                continue
            }
            var limit = EngineAPI.ThrottleDevice()
            (limit.path, limit.rate) = (device.path, rate)
            result.append(limit)
        }
        return Self.list(result)
    }

    private static func device(_ device: Compose.DeviceMapping) -> EngineAPI.DeviceMapping {
        var result = EngineAPI.DeviceMapping()
        result.pathOnHost = device.source ?? ""
        result.pathInContainer = device.target ?? ""
        result.cgroupPermissions = device.permissions ?? ""
        return result
    }

    /// Whether it is `VENDOR/CLASS=NAME`.
    private static func isQualified(_ device: Compose.DeviceMapping) -> Bool {
        let name = device.source ?? ""
        return name == device.target && !name.hasPrefix("/") && name.contains("/") && name.contains("=")
    }
}
