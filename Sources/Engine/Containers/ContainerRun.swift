// SPDX-License-Identifier: Apache-2.0

import Linux
import Logs
import OCI
import Runtime

/// One run of a container: its first process, and what it has on the host.
final class ContainerRun: Sendable {
    let process: RunningProcess
    /// Its root file system; nil for a run that the engine before has begun.
    let root: RootMount?
    let resources: HostResources
    /// The specification that it was started with, which programs that join it are held to.
    let specification: RuntimeSpec
    /// The memory that other containers may share, as a mount that is attached nowhere.
    let sharedMemory: SharedDescriptor?
    /// Told at the end of the run, when everything that was written is in the log.
    let streams: RunStreams

    init(
        process: RunningProcess,
        root: RootMount?,
        resources: HostResources,
        specification: RuntimeSpec,
        sharedMemory: SharedDescriptor?,
        streams: RunStreams
    ) {
        self.process = process
        self.root = root
        self.resources = resources
        self.specification = specification
        self.sharedMemory = sharedMemory
        self.streams = streams
    }

    /// Whether a signal that is sent to the first process has any effect on it.
    func reaches(_ signal: Int32) -> Bool {
        let hasOwnProcesses = specification.linux?.namespaces.contains { $0.type == .pid && $0.path.isEmpty } ?? false
        guard hasOwnProcesses else { return true }
        return SignalMask.isDelivered(signal, toInit: process.pid)
    }
}

/// What clients that are attached wait for in a run, the current or the next one.
final class RunStreams: Sendable {
    /// The process, once it runs; nil where the start failed.
    let started = Promise<RunningProcess?>()
    /// Told when the run has ended, or the start has failed.
    let ended = EndSignal()
}
