// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
import JSONTree
import Linux
import OCI
import Store

// MARK: Making

extension Engine {
    /// How often a name is invented before the engine gives up.
    private static let nameAttempts = 32

    /// Makes a container, which does not run yet.
    ///
    /// - Parameters:
    ///   - request: What it is to be.
    ///   - name: Its name, with or without a leading `/`; nil for one that the engine invents.
    ///   - platform: The platform of its image, such as `linux/amd64`; nil for that of the machine.
    /// - Returns: Its identifier and what could not be done as asked.
    /// - Throws: `notFound` where there is no such image, `conflict` where the name is taken, `badParameter` with the field.
    package func createContainer(
        _ request: ContainerCreateRequest,
        named name: String?,
        platform: String? = nil
    ) async throws -> ContainerCreateResponse {
        try await createContainer(request, named: name, platform: platform, membership: nil)
    }

    /// Makes a container, which may belong to a project.
    ///
    /// - Parameters:
    ///   - request: What it is to be.
    ///   - name: Its name.
    ///   - platform: The platform of its image.
    ///   - membership: What it is made by.
    ///   - inherited: The names of volumes without a name that it takes over, by where they are mounted.
    /// - Returns: Its identifier and what could not be done as asked.
    /// - Throws: As the function above.
    func createContainer(
        _ request: ContainerCreateRequest,
        named name: String?,
        platform: String?,
        membership: ProjectMembership?,
        inheriting inherited: [String: String] = [:]
    ) async throws -> ContainerCreateResponse {
        // Most are started right away.
        trees.anticipateMove()
        let wanted = try name.flatMap { name throws(EngineError) in name.isEmpty ? nil : try ContainerName(name) }
        let image = try await image(for: request, platform)
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        var settled = try RequestChecker.settle(
            request,
            image: image.config.config ?? OCI.ContainerConfig(),
            id: id,
            on: machine
        )
        // From here on nothing that is written down or shown has them.
        let contents = settled.request.hostConfig.takeFileContents()
        await takeHostName(of: &settled.request)
        // The containers of a project are made in any order.
        if membership == nil { try checkLinks(of: settled.request) }
        var definition = ContainerDefinition(
            request: settled.request,
            image: "\(image.id)",
            layers: LayerStore.chainIDs(of: image.config.rootfs.diffIDs).map { "\($0)" },
            platform: image.config.platform.os
        )
        definition.membership = membership
        definition.mounts = try await mounts(of: settled.request, taking: inherited)
        definition.networks = AttachedNetwork.all(of: settled.request)
        // From here on they are those of its networks.
        definition.request.hostConfig.links = nil
        let unit = try add(id, try reserveName(wanted, for: id), definition)
        do {
            let (images, folder) = (images, unit.folder)
            try await unit.gate.run {
                let store = store
                try await BlockingCall.run {
                    // One that removes itself has nothing to tell after a crash of the machine, so that nobody waits for the
                    // disk; what is left of its files then, the next engine finds by their mark.
                    if !folder.endsWithMachine { try store.sync() }
                    _ = try images.unpack(image)
                    try folder.prepare(isMarked: true)
                }
                try await keepFiles(contents, of: unit)
                try await unpackImages(of: unit.definition)
                try await makeVolumes(of: unit.definition)
                try await unit.noteCreation()
            }
        } catch {
            try await unit.gate.run { try await unit.discard(isAnnounced: false) }
            throw EngineError(anyStart: error)
        }
        var response = ContainerCreateResponse()
        (response.id, response.warnings) = (id.description, settled.warnings)
        return response
    }

    /// On the network where containers have no names by themselves, a link is to a container that is there.
    private func checkLinks(of request: ContainerCreateRequest) throws(EngineError) {
        guard case .network("bridge") = NetworkMode(request.hostConfig.networkMode) else { return }
        for link in request.hostConfig.links ?? [] {
            let other = String(link.prefix { $0 != ":" }.drop { $0 == "/" })
            do throws(EngineError) {
                _ = try containers.find(other)
            } catch {
                throw EngineError(.badParameter, "could not get container for \(other): \(error.message)")
            }
        }
    }

    /// A container in the network of another one has that one's names.
    private func takeHostName(of request: inout ContainerCreateRequest) async {
        guard case .container(let name) = NetworkMode(request.hostConfig.networkMode),
            let owner = try? await containers.find(name).snapshot.definition.request.config
        else { return }
        (request.config.hostname, request.config.domainname) = (owner.hostname, owner.domainname)
    }

    private func image(for request: ContainerCreateRequest, _ platform: String?) async throws -> StoredImage {
        let name = request.config.image
        if name.isEmpty { throw EngineError(.badParameter, "no image specified: give its name or its identifier") }
        let images = images
        let image: StoredImage
        do {
            image = try await BlockingCall.run { try images.inspect(name) }
        } catch let error as ImageError where error.code == .notFound {
            throw EngineError.noSuchImage((try? ImageReference(name))?.familiar ?? name)
        } catch let error as ImageError where error.code == .ambiguous {
            throw EngineError(.badParameter, error.message)
        }
        if let platform, !platform.isEmpty, let wanted = Platform(platform),
            wanted.distance(to: image.config.platform) == nil
        {
            throw EngineError(
                .notFound,
                "image with reference \(name) was found but its platform (\(image.config.platform)) does not match the "
                    + "specified platform (\(platform))"
            )
        }
        return image
    }

    private func reserveName(_ wanted: ContainerName?, for id: ObjectID) throws -> ContainerName {
        if let wanted {
            try containers.reserve(wanted.description, for: id)
            return wanted
        }
        var generator = SystemRandomNumberGenerator()
        for attempt in 0..<Self.nameAttempts {
            let name = try ContainerName(RandomName.make(attempt: attempt, using: &generator))
            if (try? containers.reserve(name.description, for: id)) != nil { return name }
        }
        throw EngineError(.conflict, "no free name for the container was found; give one")
    }

    /// Writes a container down and takes it up; what is written down has to come to the disk before there are files of it.
    private func add(_ id: ObjectID, _ name: ContainerName, _ definition: ContainerDefinition) throws -> ContainerUnit {
        do {
            var record = ContainerRecord(
                id: id.description,
                name: name.description,
                created: UnixTime(.now),
                configuration: try JSON.encode(definition)
            )
            record.state.details = try JSON.encode(ContainerDetails(isBeingMade: true))
            try store.write(.process) { try $0.add(record) }
            let unit = ContainerUnit(record, id: id, name: name, definition: definition, in: self)
            volumes.use(definition.volumeNames, by: id)
            containers.add(unit)
            return unit
        } catch {
            containers.release(name.description, of: id)
            throw EngineError(anyStart: error)
        }
    }
}

// MARK: The life of a container

extension Engine {
    /// Starts a container.
    ///
    /// - Throws: `notModified` where it runs, `commandNotFound`, `commandNotExecutable`, or why else it does not start.
    package func startContainer(_ reference: String) async throws {
        try await containers.find(reference).start()
    }

    /// Stops a container: by its stop signal, and by `SIGKILL` after a time of grace.
    ///
    /// Where the first process cannot get the stop signal, because it neither handles nor blocks it, the kernel would drop
    /// it: then `SIGKILL` comes at once, and the event says why.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - timeout: The time of grace in seconds, negative for any; nil takes the container's.
    ///   - signal: The signal by name or number; nil takes the container's.
    /// - Throws: `notModified` where it does not run.
    package func stopContainer(_ reference: String, timeout: Int?, signal: String?) async throws {
        try await containers.find(reference).stop(timeout: timeout, signal: signal)
    }

    /// Stops a container where it runs, and starts it.
    package func restartContainer(_ reference: String, timeout: Int?, signal: String?) async throws {
        try await containers.find(reference).restart(timeout: timeout, signal: signal)
    }

    /// Sends a signal to the first process of a container.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - signal: The signal by name or number; nil is `SIGKILL`.
    /// - Throws: `conflict` where it does not run.
    package func killContainer(_ reference: String, signal: String?) async throws {
        try await containers.find(reference).kill(signal)
    }

    package func pauseContainer(_ reference: String) async throws {
        try await containers.find(reference).pause()
    }

    package func unpauseContainer(_ reference: String) async throws {
        try await containers.find(reference).unpause()
    }

    package func renameContainer(_ reference: String, to name: String) async throws {
        try await containers.find(reference).rename(to: ContainerName(name))
    }

    /// Changes limits and the restart policy, also while the container runs.
    package func updateContainer(
        _ reference: String,
        _ request: ContainerUpdateRequest
    ) async throws -> ContainerUpdateResponse {
        var response = ContainerUpdateResponse()
        response.warnings = try await containers.find(reference).update(request)
        return response
    }

    /// Removes a container.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - force: Whether one that runs is killed first.
    ///   - volumes: Whether its volumes without a name go with it, as far as no other container uses them.
    /// - Throws: `conflict` where it runs and is not to be killed.
    package func removeContainer(_ reference: String, force: Bool, volumes: Bool) async throws {
        try await containers.find(reference).remove(force: force, volumes: volumes)
    }

    /// Begins to wait for a container; a change after the return of this call is not missed.
    ///
    /// - Returns: Waits for the result.
    package func waitForContainer(
        _ reference: String,
        _ condition: WaitCondition
    ) async throws -> @Sendable () async throws -> ContainerWaitResponse {
        let promise = try await containers.find(reference).wait(condition)
        return { try await promise.value() }
    }
}

// MARK: Looking

extension Engine {
    package func listContainers(_ query: ContainerListQuery) async throws -> [ContainerSummary] {
        var snapshots: [ContainerSnapshot] = []
        for unit in containers.all { snapshots.append(await unit.snapshot) }
        let ancestors = try await ancestors(query.filters["ancestor"])
        let now = Timestamp.now
        var summaries: [ContainerSummary] = []
        for var snapshot in try ContainerQuery.list(query, among: snapshots, imagesNamed: { ancestors[$0] ?? [] }) {
            if query.countsSizes { snapshot.sizes = try await sizes(of: snapshot) }
            summaries.append(snapshot.summary(now: now, isBrief: query.isBrief))
        }
        return summaries
    }

    package func inspectContainer(_ reference: String, countsSizes: Bool) async throws -> ContainerInspection {
        var snapshot = try await containers.find(reference).snapshot
        if countsSizes { snapshot.sizes = try await sizes(of: snapshot) }
        return snapshot.inspection()
    }

    /// The bytes of what a container has written, and of its whole root file system.
    private func sizes(of snapshot: ContainerSnapshot) async throws -> (written: Int64, root: Int64) {
        let chain = try chainIDs(snapshot.definition.layers)
        let (layers, folder) = (images.layers, snapshot.folder)
        return try await BlockingCall.run {
            let written = try DiskUsage.bytes(below: folder.upper)
            let root = try chain.reduce(written) { sum, id in
                if let size = try layers.imageSize(of: id) { return sum + size }
                return try sum + DiskUsage.bytes(below: layers.path(of: id))
            }
            return (written, root)
        }
    }

    /// The images that names of the filter `ancestor` mean, and those that were made from them.
    private func ancestors(_ names: [String]) async throws -> [String: Set<String>] {
        if names.isEmpty { return [:] }
        let images = images
        return try await BlockingCall.run {
            let all = try images.list().images
            var found: [String: Set<String>] = [:]
            for name in names {
                guard let image = try? images.inspect(name) else { continue }
                let layers = image.config.rootfs.diffIDs
                let made = all.filter { $0.config.rootfs.diffIDs.starts(with: layers) }
                found[name] = Set(made.map { "\($0.id)" })
            }
            return found
        }
    }

    /// Removes all containers that do not run; the filters are `until` and `label`.
    package func pruneContainers(_ filters: Filters) async throws -> ContainersPruned {
        let query = try PruneQuery(filters, now: .now)
        var answer = ContainersPruned()
        var deleted: [String] = []
        for unit in containers.all {
            let snapshot = await unit.snapshot
            let isOver = [.created, .exited, .dead].contains(snapshot.state.phase)
            let labels = snapshot.definition.request.config.labels ?? [:]
            guard isOver, query.accepts(created: snapshot.created, labels: labels) else { continue }
            let size = try await sizes(of: snapshot).written
            do {
                try await unit.remove(force: false)
            } catch let error as EngineError where error.code == .conflict || error.code == .notFound {
                // It was started or removed in the meantime.
                continue
            }
            deleted.append(unit.id.description)
            answer.spaceReclaimed += UInt64(max(0, size))
        }
        if !deleted.isEmpty { answer.containersDeleted = deleted }
        hub.publish("container", "prune", id: "", attributes: ["reclaimed": String(answer.spaceReclaimed)])
        return answer
    }
}

// MARK: Streams

extension Engine {
    /// What a container has written.
    ///
    /// - Returns: Whether it has a terminal, which writes one unframed stream, and the pieces.
    package func logs(
        of reference: String,
        _ query: ContainerLogQuery
    ) async throws -> (hasTerminal: Bool, output: OutputStream) {
        guard query.showsOutput || query.showsErrors else {
            throw EngineError(.badParameter, "Bad parameters: you must choose at least one stream")
        }
        return try await containers.find(reference).logs(query)
    }

    /// Connects a client to a container, which may not run yet: nothing that is written from now on is missed.
    package func attach(to reference: String, _ request: AttachRequest) async throws -> Attachment {
        try await containers.find(reference).attach(request)
    }

    /// Changes the size of a container's terminal; of one that does not run, that of its next start.
    package func resizeContainer(_ reference: String, rows: UInt16, columns: UInt16) async throws {
        try await containers.find(reference).resize(rows: rows, columns: columns)
    }
}
