// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI

import enum Compose.ByteCountText

extension ContainerOptions {
    /// The limits.
    func resourceOptions() -> [Option] {
        [
            bytes("memory", short: "m", "The limit of memory.", \.host.resources.memory),
            bytes(
                "memory-reservation",
                "The memory that it is left with under pressure.",
                \.host.resources.memoryReservation
            ),
            bytes(
                "memory-swap",
                "The limit of memory and swap together; -1 for any amount of swap.",
                allowsUnlimited: true,
                \.host.resources.memorySwap
            ),
            .number("memory-swappiness", "number", help: "How eagerly memory is swapped, from 0 to 100.") {
                number throws(InvalidValue) in
                guard (-1...100).contains(number) else { throw InvalidValue("a number from 0 to 100, or -1") }
                self.host.resources.memorySwappiness = Int64(number)
            },
            .flag("oom-kill-disable", help: "Do not kill it when its memory is used up.") {
                self.host.resources.oomKillDisable = $0
            },
            .number("oom-score-adj", "number", help: "How likely the kernel kills it, from -1000 to 1000.") {
                number throws(InvalidValue) in
                guard (-1000...1000).contains(number) else { throw InvalidValue("a number from -1000 to 1000") }
                self.host.oomScoreAdj = number
            },
            .value("cpus", "number", help: "How many processors it may use, such as 1.5.") {
                text throws(InvalidValue) in self.host.resources.nanoCpus = try Self.billionths(text)
            },
            integer("cpu-shares", short: "c", "number", "Its weight among others.", \.host.resources.cpuShares),
            integer("cpu-period", "microseconds", "The period of the quota.", \.host.resources.cpuPeriod),
            integer("cpu-quota", "microseconds", "The time that it has in each period.", \.host.resources.cpuQuota),
            integer(
                "cpu-rt-period",
                "microseconds",
                "The period of the real-time quota.",
                \.host.resources.cpuRealtimePeriod
            ),
            integer(
                "cpu-rt-runtime",
                "microseconds",
                "The real-time quota.",
                \.host.resources.cpuRealtimeRuntime
            ),
            text("cpuset-cpus", "list", "The processors that it may use, such as 0-3,7.", \.host.resources.cpusetCpus),
            text("cpuset-mems", "list", "The memory nodes that it may use.", \.host.resources.cpusetMems),
            .number("pids-limit", "count", help: "The limit of processes; -1 for none.") {
                self.host.resources.pidsLimit = Int64($0)
            },
            .value("ulimit", "name=soft[:hard]", help: "A limit of each process.", isRepeatable: true) {
                text throws(InvalidValue) in self.setUlimit(try Ulimit(option: text))
            },
            text(
                "cgroup-parent",
                "path",
                "The control group above that of the container.",
                \.host.resources.cgroupParent
            ),
        ] + blockOptions()
    }

    private func blockOptions() -> [Option] {
        let rates: [(String, String, ReferenceWritableKeyPath<ContainerOptions, [ThrottleDevice]?>, Bool)] = [
            ("device-read-bps", "bytes a second read from", \.host.resources.blkioDeviceReadBps, true),
            ("device-write-bps", "bytes a second written to", \.host.resources.blkioDeviceWriteBps, true),
            ("device-read-iops", "reads a second from", \.host.resources.blkioDeviceReadIOPS, false),
            ("device-write-iops", "writes a second to", \.host.resources.blkioDeviceWriteIOPS, false),
        ]
        return [
            integer(
                "blkio-weight",
                "weight",
                "Its weight for block devices, from 10 to 1000.",
                in: 0...1000,
                \.host.resources.blkioWeight
            ),
            .value("blkio-weight-device", "path:weight", help: "Its weight for one device.", isRepeatable: true) {
                text throws(InvalidValue) in
                let (path, value) = try Self.deviceValue(text)
                var device = WeightDevice()
                guard let weight = Int64(value), weight == 0 || (10...1000).contains(weight) else {
                    throw InvalidValue("a device and a weight from 10 to 1000, such as /dev/sda:300")
                }
                (device.path, device.weight) = (path, weight)
                self.host.resources.blkioWeightDevice = (self.host.resources.blkioWeightDevice ?? []) + [device]
            },
        ]
            + rates.map { name, what, place, isBytes in
                .value(name, "path:rate", help: "How many \(what) a device.", isRepeatable: true) {
                    text throws(InvalidValue) in
                    let (path, value) = try Self.deviceValue(text)
                    var device = ThrottleDevice()
                    let rate = isBytes ? try? ByteCountText.parse(value) : Int64(value)
                    guard let rate, rate >= 0 else {
                        throw InvalidValue("a device and a rate, such as /dev/sda:\(isBytes ? "1mb" : "1000")")
                    }
                    (device.path, device.rate) = (path, UInt64(rate))
                    self[keyPath: place] = (self[keyPath: place] ?? []) + [device]
                }
            }
    }

    private static func deviceValue(_ text: String) throws(InvalidValue) -> (String, String) {
        guard let colon = text.lastIndex(of: ":"), text.hasPrefix("/dev/") else {
            throw InvalidValue("a device below /dev, `:` and a number")
        }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// A decimal number in billionths, without the rounding of floating point.
    static func billionths(_ text: String) throws(InvalidValue) -> Int64 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, parts.count <= 2, fraction.count <= 9, !(parts[0].isEmpty && fraction.isEmpty),
            let whole = Int64(parts[0].isEmpty ? "0" : parts[0]), whole <= 1_000_000,
            let rest = Int64(fraction + String(repeating: "0", count: 9 - fraction.count))
        else { throw InvalidValue("a number of processors with at most nine decimals, such as 1.5") }
        return whole * 1_000_000_000 + rest
    }

    private func setUlimit(_ limit: Ulimit) {
        let others = (host.resources.ulimits ?? []).filter { $0.name != limit.name }
        host.resources.ulimits = (others + [limit]).sorted { $0.name < $1.name }
    }

    func deviceOptions() -> [Option] {
        [
            .value("device", "path[:path[:rwm]]", help: "A device of the host.", isRepeatable: true) {
                self.devices.append($0)
            },
            list(
                "device-cgroup-rule",
                "rule",
                "A rule for devices, such as c 1:3 rwm.",
                \.host.resources.deviceCgroupRules
            ) {
                rule throws(InvalidValue) in
                let words = rule.split(separator: " ", omittingEmptySubsequences: false)
                let numbers = words.count == 3 ? words[1].split(separator: ":", omittingEmptySubsequences: false) : []
                let areNumbers = numbers.allSatisfy { $0 == "*" || UInt32($0) != nil }
                guard numbers.count == 2, areNumbers, ["a", "b", "c"].contains(words[0]),
                    Self.isDeviceMode(String(words[2]))
                else { throw InvalidValue("a rule such as `c 1:3 rwm`") }
                return rule
            },
            .value("gpus", "request", help: "Not supported.", isHidden: true) { _ throws(InvalidValue) in
                throw InvalidValue("left out: wharf has no driver for GPUs; give their devices with `--device`")
            },
        ]
    }

    static func isDeviceMode(_ text: String) -> Bool {
        (1...3).contains(text.count) && text.allSatisfy { "rwm".contains($0) } && Set(text).count == text.count
    }

    /// The devices of the request: `HOST[:CONTAINER][:MODE]`, or names of the Container Device Interface.
    func setDevices() throws {
        var names: [String] = []
        var mappings: [DeviceMapping] = []
        for text in devices {
            if !text.hasPrefix("/"), text.contains("/"), text.contains("=") {
                names.append(text)
                continue
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            var device = DeviceMapping()
            device.pathOnHost = parts[0]
            device.pathInContainer = parts[0]
            device.cgroupPermissions = "rwm"
            if parts.count == 2, Self.isDeviceMode(parts[1]) {
                device.cgroupPermissions = parts[1]
            } else if parts.count >= 2 {
                device.pathInContainer = parts[1]
                device.cgroupPermissions = parts.count == 3 ? parts[2] : "rwm"
            }
            let isValid =
                parts.count <= 3 && device.pathOnHost.hasPrefix("/") && device.pathInContainer.hasPrefix("/")
                && Self.isDeviceMode(device.cgroupPermissions)
            guard isValid else {
                throw UsageError("`--device` must be HOST[:CONTAINER][:rwm] with absolute paths, not `\(text)`")
            }
            mappings.append(device)
        }
        host.resources.devices = mappings
        if !names.isEmpty {
            var request = DeviceRequest()
            (request.driver, request.deviceIDs) = ("cdi", names)
            host.resources.deviceRequests = [request]
        }
    }
}

extension Ulimit {
    /// Reads a limit as the value of an option.
    ///
    /// - Parameter text: `name=soft[:hard]`.
    /// - Throws: ``Arguments/InvalidValue`` for anything else.
    init(option text: String) throws(InvalidValue) {
        let names = [
            "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
            "rttime", "sigpending", "stack",
        ]
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.count == 2 ? parts[1].split(separator: ":", omittingEmptySubsequences: false) : []
        guard names.contains(String(parts[0])), (1...2).contains(numbers.count), let soft = Int64(numbers[0]),
            let hard = Int64(numbers.count == 2 ? numbers[1] : numbers[0]), soft >= -1, hard >= -1,
            hard == -1 || soft <= hard && soft != -1
        else {
            throw InvalidValue(
                "NAME=SOFT[:HARD] with one of \(names.joined(separator: ", ")) and a soft limit up to the hard one"
            )
        }
        self.init()
        (name, self.soft, self.hard) = (String(parts[0]), soft, hard)
    }
}
