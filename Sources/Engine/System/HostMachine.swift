// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// What the engine says of the machine that it runs on.
struct HostMachine: Sendable {
    /// The kernel's release, such as `6.18.44`.
    let kernel: String
    /// The processor as the kernel calls it, such as `x86_64`.
    let architecture: String
    let hostName: String

    init() {
        var name = utsname()
        uname(&name)
        kernel = Self.text(name.release)
        architecture = Self.text(name.machine)
        hostName = Self.text(name.nodename)
    }

    /// The text of a C array with a zero behind it.
    private static func text<Array>(_ array: Array) -> String {
        withUnsafeBytes(of: array) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The processor as images call it (`GOARCH`).
    var platformArchitecture: String {
        switch architecture {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        case "armv7l", "armv6l": "arm"
        case "i686", "i586", "i386": "386"
        default: architecture
        }
    }

    /// How many processors this process may use.
    var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Memory in bytes; 0 where the kernel does not say.
    var totalMemory: Int64 {
        for line in lines(of: "/proc/meminfo") where line.hasPrefix("MemTotal:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 << 10 } ?? 0
        }
        return 0
    }

    /// The name and the version of the distribution (os-release(5)).
    var distribution: (name: String, version: String) {
        var values: [String: String] = [:]
        let found = ["/etc/os-release", "/usr/lib/os-release"].lazy.map { lines(of: $0) }.first { !$0.isEmpty }
        for line in found ?? [] {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1].filter { $0 != "\"" && $0 != "'" }) }
        }
        return (values["PRETTY_NAME"] ?? values["NAME"] ?? "Linux", values["VERSION_ID"] ?? "")
    }

    /// Whether the kernel passes packets on between interfaces.
    var forwardsIPv4: Bool { lines(of: "/proc/sys/net/ipv4/ip_forward").first == "1" }

    /// The time now.
    var time: Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
    }

    /// How many descriptors this process has open.
    var descriptorCount: Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..` and the folder itself.
        return max(0, count - 3)
    }

    private func lines(of path: String) -> [String] {
        guard let file = try? Descriptor.open(path, O_RDONLY), let bytes = try? file.contents(limit: 1 << 20) else {
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
