// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Runtime

extension ContainerCreateRequest {
    /// The size of `/dev/shm` where nothing is said, as Docker has it.
    private static let sharedMemory: Int64 = 64 << 20

    /// Fills in what the request leaves to the engine, so that inspections show what the container really has.
    ///
    /// - Parameters:
    ///   - id: The identifier of the container.
    ///   - machine: The machine.
    mutating func complete(for id: ObjectID, on machine: Machine) {
        if config.hostname.isEmpty {
            let isOfHost = hostConfig.networkMode == "host" || hostConfig.utsMode == "host"
            config.hostname = isOfHost ? machine.hostName : id.short
        }
        if !config.workingDir.isEmpty { config.workingDir = HostPath.clean(config.workingDir) }
        config.labels = config.labels ?? [:]
        if hostConfig.ipcMode.isEmpty { hostConfig.ipcMode = "private" }
        if hostConfig.cgroupnsMode.isEmpty { hostConfig.cgroupnsMode = "private" }
        if hostConfig.shmSize == 0 { hostConfig.shmSize = Self.sharedMemory }
        if hostConfig.logConfig.type.isEmpty { hostConfig.logConfig.type = "json-file" }
        hostConfig.logConfig.config = hostConfig.logConfig.config ?? [:]
        hostConfig.portBindings = hostConfig.portBindings ?? [:]
        let showsPaths = (try? SecurityOptions(hostConfig.securityOpt ?? []).showsSystemPaths) ?? false
        let defaults = RuntimeSpec.containerDefault([]).linux ?? RuntimeSpec.Linux()
        if showsPaths || hostConfig.privileged {
            (hostConfig.maskedPaths, hostConfig.readonlyPaths) = (
                hostConfig.maskedPaths ?? [], hostConfig.readonlyPaths ?? []
            )
        }
        if showsPaths { (hostConfig.maskedPaths, hostConfig.readonlyPaths) = ([], []) }
        hostConfig.maskedPaths = hostConfig.maskedPaths ?? defaults.maskedPaths
        hostConfig.readonlyPaths = hostConfig.readonlyPaths ?? defaults.readonlyPaths
        hostConfig.resources.completeSwap(on: machine)
    }
}

extension EngineAPI.Resources {
    /// Allows as much swap as memory where nothing is said about it, as Docker does.
    mutating func completeSwap(on machine: Machine) {
        guard memory > 0, memorySwap == 0, machine.controls.swap else { return }
        let (double, overflow) = memory.multipliedReportingOverflow(by: 2)
        memorySwap = overflow ? -1 : double
    }
}

extension ContainerDefinition {
    /// The signal that asks the container to end.
    var stopSignal: Int32 {
        let terminate: Int32 = 15
        return (try? SignalName.number(request.config.stopSignal)) ?? terminate
    }
}
