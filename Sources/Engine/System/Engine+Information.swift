// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import Linux

extension Engine {
    /// What the engine is.
    package func version() -> EngineVersion {
        let machine = HostMachine()
        var version = EngineVersion()
        version.platform.name = "wharf"
        version.version = ProductVersion.number
        version.apiVersion = APIVersion.current.description
        version.minimumAPIVersion = APIVersion.minimum.description
        version.os = "linux"
        version.arch = machine.platformArchitecture
        version.kernelVersion = machine.kernel
        var component = EngineVersion.Component()
        component.name = "Engine"
        component.version = version.version
        component.details = [
            "ApiVersion": version.apiVersion, "Arch": version.arch, "BuildTime": version.buildTime,
            "Experimental": "false", "GitCommit": version.gitCommit, "GoVersion": version.goVersion,
            "KernelVersion": version.kernelVersion, "MinAPIVersion": version.minimumAPIVersion, "Os": version.os,
        ]
        version.components = [component]
        return version
    }

    /// The engine and its machine.
    package func information() async throws -> EngineInformation {
        var information = try machineInformation()
        var everything = ContainerListQuery()
        everything.showsAll = true
        for container in try await listContainers(everything) {
            information.containers += 1
            switch container.state {
            case .running, .restarting: information.containersRunning += 1
            case .paused: information.containersPaused += 1
            default: information.containersStopped += 1
            }
        }
        information.images = try await listImages(showsAll: false, Filters()).count
        return information
    }

    /// What there is to say without the containers and images.
    func machineInformation() throws -> EngineInformation {
        let machine = HostMachine()
        var information = EngineInformation()
        information.id = try EngineIdentity.read(in: location)
        information.name = machine.hostName
        information.serverVersion = ProductVersion.number
        information.root = location.data
        describe(machine, in: &information)
        describeControlGroups(in: &information)
        information.driver = "overlay"
        information.loggingDriver = "wharf"
        information.plugins.volume = ["local"]
        information.plugins.network = ["host", "null"]
        information.plugins.log = ["wharf"]
        information.runtimes = ["wharf": EngineInformation.Runtime()]
        information.defaultRuntime = "wharf"
        information.initBinary = "wharf"
        information.liveRestoreEnabled = true
        information.securityOptions = ["name=seccomp,profile=builtin", "name=cgroupns"]
        information.indexServerAddress = "https://index.docker.io/v1/"
        information.registryConfig = EngineInformation.RegistryConfig()
        return information
    }

    private func describe(_ machine: HostMachine, in information: inout EngineInformation) {
        information.kernelVersion = machine.kernel
        (information.operatingSystem, information.osVersion) = machine.distribution
        information.osType = "linux"
        information.architecture = machine.architecture
        information.processorCount = machine.processorCount
        information.totalMemory = machine.totalMemory
        information.ipv4Forwarding = machine.forwardsIPv4
        information.descriptorCount = machine.descriptorCount
        information.systemTime = machine.time
    }

    /// Version 1 limits swap only where the kernel was started with its accounting.
    private static func limitsSwap(_ memory: ControlGroupHierarchy) -> Bool {
        memory.version == .two || access("\(memory.mountPoint)/memory.memsw.limit_in_bytes", F_OK) == 0
    }

    /// Which limits the machine can keep, as its mounted hierarchies say.
    private func describeControlGroups(in information: inout EngineInformation) {
        information.cgroupDriver = "cgroupfs"
        guard let groups = try? ControlGroupHierarchies.discover() else {
            information.cgroupVersion = "none"
            information.warnings = ["WARNING: No control groups are mounted: limits cannot be kept"]
            return
        }
        let isLegacy = !groups.legacy.isEmpty
        information.cgroupVersion = isLegacy ? "1" : "2"
        func has(_ controller: String) -> Bool { groups.hierarchy(of: controller) != nil }
        information.memoryLimit = has("memory")
        information.swapLimit = groups.hierarchy(of: "memory").map(Self.limitsSwap) ?? false
        information.cpuCFSPeriod = has("cpu")
        information.cpuCFSQuota = has("cpu")
        information.cpuShares = has("cpu")
        information.cpuSet = has("cpuset")
        information.pidsLimit = has("pids")
        information.oomKillDisable = isLegacy && has("memory")
        let missing = [
            ("memory", information.memoryLimit), ("cpu", information.cpuShares), ("cpuset", information.cpuSet),
            ("pids", information.pidsLimit),
        ]
        information.warnings = missing.filter { !$0.1 }.map { "WARNING: No \($0.0) limit support" }
    }
}

/// The name of an engine for good, by which clients tell engines apart.
enum EngineIdentity {
    /// Reads the name, or makes one where there is none.
    ///
    /// - Parameter location: Where the engine keeps what it has.
    /// - Returns: 36 characters.
    /// - Throws: Why it can be neither read nor kept.
    static func read(in location: EngineLocation) throws -> String {
        let path = location.data + "/engine-id"
        if let file = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW) {
            let text = String(decoding: try file.contents(limit: 4096), as: UTF8.self).filter { !$0.isWhitespace }
            if !text.isEmpty { return text }
        }
        var generator = SystemRandomNumberGenerator()
        let digits = ObjectID(using: &generator).description
        var text = ""
        for (index, digit) in digits.prefix(32).enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        // Two requests may do this at once: the first to give its file the name wins.
        let temporary = path + "." + digits.suffix(12)
        do {
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            defer { unlink(temporary) }
            try Array((text + "\n").utf8).withUnsafeBytes { try file.write($0) }
            if link(temporary, path) == 0 { return text }
            if errno != EEXIST { throw SystemError("link", errno, on: path) }
        }
        let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
        let kept = String(decoding: try file.contents(limit: 4096), as: UTF8.self).filter { !$0.isWhitespace }
        if kept.isEmpty {
            throw EngineError(.failed, "\(path) is empty; remove it, and the engine makes a new name for itself")
        }
        return kept
    }
}
