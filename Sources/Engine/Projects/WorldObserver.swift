// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import Glibc
import Images
import Linux
import Networks
import OCI
import Reconciler
import Store
import Synchronization

/// Looks at everything that a plan for a project has to know of.
struct WorldObserver {
    let engine: Engine
    let project: Project
    let separator: String

    /// A file that is bigger counts as data, whose changes are none of the definition.
    private static let contentLimit = 1 << 20

    /// The project as it is wanted, with its hashes.
    ///
    /// - Parameter world: What there is: labels have the hashes of services with the containers that they refer to.
    /// - Returns: The project.
    func desired(in world: ObservedWorld) -> DesiredProject {
        var desired = DesiredProject(project)
        let composer = ProjectComposer(project, usesUnderscores: separator == "_")
        for (name, service) in project.services {
            let resolved = try? composer.resolved(name) { other in
                world.containers.filter { $0.service == other && !$0.isOneOff }.min {
                    ($0.number ?? 0) < ($1.number ?? 0)
                }?.id
            }
            desired.serviceHashes[name] = ProjectComposer.hash(of: resolved ?? service)
        }
        desired.networkHashes = project.networks.mapValues { ProjectComposer.hash(of: $0) }
        desired.volumeHashes = project.volumes.mapValues { ProjectComposer.hash(of: $0) }
        return desired
    }

    /// What there is.
    ///
    /// - Throws: Where the records cannot be read.
    func world() async throws -> ObservedWorld {
        var world = ObservedWorld()
        let snapshots = await engine.containers.all.asyncMap { await $0.snapshot }
        let networkNames = Dictionary(engine.networks.all.map { ($0.id.description, $0.name) }) { $1 }
        var others: [String: ContainerSnapshot] = [:]
        for snapshot in snapshots {
            guard snapshot.project == project.name, var container = snapshot.observed else {
                others[snapshot.name.description] = snapshot
                continue
            }
            container.networks = Set(container.networks.map { networkNames[$0] ?? $0 })
            world.containers.append(container)
        }
        observeNetworks(&world, snapshots)
        observeVolumes(&world, snapshots)
        try await observeFiles(&world)
        observeNames(&world, others)
        world.applied = try engine.projectRecord(project.name)
        return world
    }

    // MARK: Networks and volumes

    private func observeNetworks(_ world: inout ObservedWorld, _ snapshots: [ContainerSnapshot]) {
        let wanted = Set(project.networks.keys.map(project.networkName))
        for network in engine.networks.all {
            let labels = network.definition.labels
            let owner = labels[ProjectLabel.project] ?? ""
            guard wanted.contains(network.name) || owner == project.name else { continue }
            var observed = ObservedNetwork(id: network.id.description, name: network.name)
            observed.project = owner
            observed.key = labels[ProjectLabel.network] ?? ""
            observed.configHash = labels[ProjectLabel.configHash] ?? ""
            observed.strangers = snapshots.filter { snapshot in
                snapshot.project != project.name && snapshot.state.phase == .running
                    && snapshot.definition.allNetworks.contains { network.isMeant(by: $0.reference) }
            }.map(\.name.description)
            world.networks[network.name] = observed
        }
        for builtin in NetworkInspection.builtin where wanted.contains(builtin.name) {
            world.networks[builtin.name] = ObservedNetwork(id: builtin.id, name: builtin.name)
        }
    }

    private func observeVolumes(_ world: inout ObservedWorld, _ snapshots: [ContainerSnapshot]) {
        let wanted = Set(project.volumes.keys.map(project.volumeName))
        for unit in engine.volumes.all {
            let volume = unit.volume
            let owner = volume.labels?[ProjectLabel.project] ?? ""
            guard wanted.contains(volume.name) || owner == project.name else { continue }
            var observed = ObservedVolume(name: volume.name)
            observed.project = owner
            observed.key = volume.labels?[ProjectLabel.volume] ?? ""
            observed.configHash = volume.labels?[ProjectLabel.configHash] ?? ""
            observed.strangers = snapshots.filter { snapshot in
                snapshot.project != project.name
                    && snapshot.definition.volumeNames.contains(volume.name)
            }.map(\.name.description)
            world.volumes[volume.name] = observed
        }
    }

    // MARK: Files, images and ports

    /// Looks at what waits for the disk, in one go.
    private func observeFiles(_ world: inout ObservedWorld) async throws {
        let (project, separator) = (project, separator)
        let (images, networks) = (engine.images, engine.networks)
        let found = try await BlockingCall.run {
            var part = ObservedWorld()
            // Many services may be of one image.
            let references = project.services.keys.map { project.imageName(of: $0, separator: separator) }
            for reference in Set(references) {
                if let image = try? images.inspect(reference) { part.images[reference] = "\(image.id)" }
            }
            for service in project.services.values {
                for key in service.contentKeys where part.contents[key] == nil {
                    part.contents[key] = Self.state(of: key, in: project)
                }
            }
            part.busyPorts = networks.busyPorts(among: project.services.values.flatMap(\.ports))
            return part
        }
        (world.images, world.contents, world.busyPorts) = (found.images, found.contents, found.busyPorts)
    }

    private static func state(of key: ContentKey, in project: Project) -> ContentState? {
        let (file, content): (String?, String?) =
            switch key.kind {
            case .config: (project.configs[key.name]?.file, project.configs[key.name]?.content)
            case .secret: (project.secrets[key.name]?.file, project.secrets[key.name]?.content)
            case .bind: (key.name, nil)
            }
        if let content { return .file(digest: "\(Digest(sha256: Array(content.utf8)))") }
        guard let file else { return nil }
        do {
            let descriptor = try Descriptor.open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let status = try descriptor.status()
            guard status.kind == .regular, status.size <= contentLimit else { return .present }
            return .file(digest: "\(Digest(sha256: try descriptor.contents(limit: contentLimit)))")
        } catch {
            // A socket cannot be opened, and is there all the same.
            return access(file, F_OK) == 0 ? .present : .missing(path: file)
        }
    }

    /// Finds who has the names that containers of the project are to get.
    private func observeNames(_ world: inout ObservedWorld, _ others: [String: ContainerSnapshot]) {
        for name in project.services.keys {
            for number in 1...max(1, project.services[name]?.replicas ?? 1) {
                let wanted = project.containerName(of: name, number: number, separator: separator)
                guard let other = others[wanted] else { continue }
                let owner = other.project
                world.takenNames[wanted] =
                    "the container \(other.id.short)" + (owner.isEmpty ? "" : " of the project \(owner)")
            }
        }
    }
}

extension HostNetworks {
    /// Which of some ports of the host somebody has.
    ///
    /// - Parameter ports: What services publish; only those with one fixed port are looked for.
    /// - Returns: The ports that are not free, with who has them.
    func busyPorts(among ports: [Port]) -> [BusyPort] {
        var busy: [BusyPort] = []
        var unknown: [PortMapping] = []
        for mapping in Set(ports.compactMap { PortMapping(fixed: $0) }) {
            // Ours are known; who else has one shows when it is asked for.
            if let member = holder(ofPort: mapping) {
                var port = BusyPort(mapping, holder: "the container \(member.name)")
                port.container = member.id
                busy.append(port)
            } else {
                unknown.append(mapping)
            }
        }
        guard !unknown.isEmpty, let results = try? holdEach(of: unknown) else { return busy }
        for (mapping, result) in zip(unknown, results) {
            // A child between clone and execve lets go at once.
            guard case .failure(let error) = result, let clash = error as? PortClash, !clash.isHeldByCopy else {
                continue
            }
            var port = BusyPort(mapping, holder: clash.holder?.description ?? clash.reason)
            port.free = clash.free
            busy.append(port)
        }
        return busy
    }

    /// The container of ours that has a port of the host.
    private func holder(ofPort wanted: PortMapping) -> (id: String, name: String)? {
        state.withLock { state in
            for (id, member) in state.members {
                let has = member.held.mappings.contains { mapping in
                    mapping.kind == wanted.kind && mapping.hostPort <= wanted.hostPort
                        && wanted.hostPort - mapping.hostPort < mapping.count ?? 1
                        && (mapping.hostAddress.isEmpty || wanted.hostAddress.isEmpty
                            || mapping.hostAddress == wanted.hostAddress)
                }
                if has { return (id.description, member.name) }
            }
            return nil
        }
    }
}

extension PortMapping {
    /// The port of the host that a service publishes at; nil where it is not a certain one.
    init?(fixed port: Port) {
        guard let number = port.published.flatMap(UInt16.init), number > 0 else { return nil }
        self.init(kind: port.networkProtocol ?? "tcp", port: 1, hostAddress: port.hostIP ?? "", hostPort: number)
    }
}

extension BusyPort {
    fileprivate init(_ mapping: PortMapping, holder: String) {
        self.init(hostIP: mapping.hostAddress, port: mapping.hostPort, networkProtocol: mapping.kind, holder: holder)
    }
}

extension Sequence {
    /// The results of an asynchronous function, one element after the other.
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
