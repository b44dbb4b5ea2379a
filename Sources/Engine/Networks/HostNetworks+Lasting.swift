// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Netlink
import Networks
import Runtime
import Synchronization

/// The sockets of a container that the supervisor is to hold as well: while no engine runs nobody else gets its ports of the
/// host, and what it asks for names waits for the next engine.
struct LastingSockets: Sendable {
    let names: SharedDNSSockets?
    let ports: [SharedHeldPort]

    /// More than anybody publishes by hand; others want some of the supervisor's room, too.
    private static let most = 4096

    /// Those of the names come first; valid as long as this is there.
    var numbers: [Int32] {
        Array(((names?.numbers ?? []) + ports.flatMap { $0.port.numbers }).prefix(Self.most))
    }

    /// Has the supervisor hold them.
    ///
    /// - Parameters:
    ///   - holder: The supervisor.
    ///   - name: What it calls the process.
    /// - Throws: Why they are not held; where it has no more room they last as long as the engine, which is no error.
    func entrust(to holder: any Supervisor, for name: String) throws(KeeperError) {
        defer { withExtendedLifetime(self) {} }
        let numbers = numbers
        if numbers.isEmpty { return }
        do throws(KeeperError) {
            try holder.holdSockets(numbers, for: name)
        } catch {
            guard case .refused(_, let reason) = error, reason.number == ENOSPC else { throw error }
        }
    }
}

/// What an engine finds of the networks of a container that runs.
struct AdoptedNetworks: Sendable {
    /// The ports of the host that it still has.
    var mappings: [PortMapping] = []
    /// What of it is not as it should be.
    var failures: [any Error] = []
}

extension HostNetworks {
    /// What of a container is to last longer than the engine.
    func lastingSockets(of id: ObjectID) -> LastingSockets {
        state.withLock { state in
            LastingSockets(
                names: state.members[id]?.nameSockets,
                ports: state.members[id]?.held.ports.compactMap(\.self) ?? []
            )
        }
    }

    /// The sockets of names among those that a supervisor has held.
    func nameSockets(among kept: [Int: SharedDescriptor]) throws(SystemError) -> SharedDNSSockets? {
        guard let datagrams = kept[0], let listener = kept[1] else { return nil }
        return SharedDNSSockets(
            DNSSockets(
                datagrams: try datagrams.descriptor.duplicate(),
                listener: try listener.descriptor.duplicate()
            )
        )
    }

    /// Takes the ports of a container that runs again: those that were kept, and the others where they are free.
    ///
    /// - Parameters:
    ///   - singles: The ports that it had, one by one.
    ///   - name: The container.
    ///   - kept: What a supervisor has held.
    /// - Returns: What it has, and why it has no more than that; a port that somebody else has is none of its any more.
    func holdAgain(
        _ singles: [PortMapping],
        of name: String,
        among kept: [Int: SharedDescriptor]
    ) -> (held: HeldMappings, failures: [any Error]) {
        let sockets = kept.values.compactMap { KeptSocket($0) }
        var held = HeldMappings()
        var failures: [any Error] = []
        var missing: [PortMapping] = []
        for mapping in singles {
            guard let port = mapping.port(among: sockets) else {
                missing.append(mapping)
                continue
            }
            held.mappings.append(mapping)
            held.ports.append(SharedHeldPort(port))
        }
        do {
            for (mapping, result) in zip(missing, try holdEach(of: missing)) {
                switch result {
                case .success(let port):
                    held.mappings.append(mapping)
                    held.ports.append(port)
                case .failure(let error): failures.append(Self.loss(of: mapping, of: name, error))
                }
            }
        } catch {
            failures += missing.map { Self.loss(of: $0, of: name, error) }
        }
        return (held, failures)
    }

    private static func loss(of mapping: PortMapping, of name: String, _ error: any Error) -> EngineError {
        EngineError(
            .failed,
            "the container \(name) is published on \(mapping.hostPort)/\(mapping.kind) no longer: \(error); when the port is "
                + "free, `wharf container restart \(name)` publishes it again"
        )
    }
}

extension PortMapping {
    fileprivate func port(among kept: [KeptSocket]) -> HeldPort? {
        HeldPort(transport, at: IPAddress(hostAddress), hostPort, among: kept)
    }
}

extension ContainerUnit {
    /// Has the supervisor hold the sockets that the container has now, and no others.
    ///
    /// - Parameter run: The run.
    func keepSockets(of run: ContainerRun) async {
        let (networks, supervisor, id) = (engine.networks, engine.supervisor, id)
        do {
            try await BlockingCall.run {
                let lasting = networks.lastingSockets(of: id)
                try lasting.entrust(to: supervisor.current, for: run.process.name)
                try supervisor.current.releaseSockets(from: lasting.numbers.count, of: run.process.name)
            }
        } catch {
            engine.report("cannot have the keeper hold the ports of the container \(name)", error)
        }
    }
}
