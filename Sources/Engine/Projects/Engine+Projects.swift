// SPDX-License-Identifier: Apache-2.0

package import Compose
import Composition
package import EngineAPI
import Glibc
import JSONTree
import Linux
package import Reconciler
import Store
import Synchronization

/// Lets one command at a time work on each project, and knows what was wanted of each last.
final class ProjectRegistry: Sendable {
    private let gates = Mutex<[String: SerialGate]>([:])
    /// What the records say, as far as they were read or written: most commands want the same as the one before.
    private let wanted = Mutex<[String: Project]>([:])
    private let settled = Mutex<[String: SettledProject]>([:])

    /// A project as it is written down; nil where that is not known yet, or where there is no such project.
    func known(_ name: String) -> Project? { wanted.withLock { $0[name] } }

    /// Notes what is written down now; nil where the record is gone.
    func note(_ project: Project?, named name: String) { wanted.withLock { $0[name] = project } }

    /// The plan of a project that was found to be as it is wanted, where the same is wanted and there is the same.
    func plan(_ project: Project, _ options: UpOptions, _ world: ObservedWorld) -> Plan? {
        guard let settled = settled.withLock({ $0[project.name] }) else { return nil }
        return settled.options == options && settled.project == project && settled.world == world ? settled.plan : nil
    }

    /// Notes a plan, where it changes nothing.
    func note(_ plan: Plan, _ project: Project, _ options: UpOptions, _ world: ObservedWorld) {
        let isSettled = plan.problems.isEmpty && !plan.hasChanges
        let settledProject = SettledProject(project: project, options: options, world: world, plan: plan)
        settled.withLock { $0[project.name] = isSettled ? settledProject : nil }
    }

    /// The gate of a project.
    func gate(of project: String) -> SerialGate {
        gates.withLock { gates in
            if let gate = gates[project] { return gate }
            let gate = SerialGate()
            gates[project] = gate
            return gate
        }
    }
}

/// A project that is as it is wanted: a plan follows from what is wanted and what there is, and from nothing else.
private struct SettledProject {
    var project: Project
    var options: UpOptions
    var world: ObservedWorld
    var plan: Plan
}

extension Engine {
    package typealias ProjectReport = @Sendable (ProjectEvent) async -> Void

    // MARK: Plans

    /// What `up` would do, and why; nothing is changed.
    package func planProject(_ request: ProjectUpRequest) async throws -> Plan {
        try await prepare(request).plan
    }

    /// A plan with all that it was made from.
    private struct Preparation {
        var plan: Plan
        var world: ObservedWorld
    }

    private func prepare(_ request: ProjectUpRequest) async throws -> Preparation {
        let observer = WorldObserver(engine: self, project: request.project, separator: request.options.separator)
        let world = try await observer.world()
        if let plan = projects.plan(request.project, request.options, world) {
            return Preparation(plan: plan, world: world)
        }
        var plan = UpPlanner.plan(observer.desired(in: world), world, request.options)
        checkComposition(request, &plan)
        projects.note(plan, request.project, request.options, world)
        return Preparation(plan: plan, world: world)
    }

    /// Has everything that services ask for and nobody can do be told before anything is done.
    private func checkComposition(_ request: ProjectUpRequest, _ plan: inout Plan) {
        let composer = composer(of: request.project, request.options.separator, request.environmentFiles)
        var checked: Set<String> = []
        for action in plan.actions {
            guard case .createContainer(let creation) = action.operation, checked.insert(creation.service).inserted
            else {
                continue
            }
            do throws(CompositionError) {
                _ = try composer.containerRequest(
                    of: creation.service,
                    number: creation.number,
                    imageID: "",
                    containers: { $0 }
                )
            } catch {
                plan.problems += error.problems.map { Problem("service `\(error.service)`: \($0)") }
            }
        }
    }

    func composer(of project: Project, _ separator: String, _ environmentFiles: [String]) -> ProjectComposer {
        var surroundings = Surroundings { path in
            let file = try Descriptor.open(path, O_RDONLY | O_CLOEXEC)
            return try file.contents(limit: 1 << 20)
        }
        surroundings.isFolder = { path in
            guard let place = try? Descriptor.open(path, OpenFlags.pathOnly) else { return false }
            return (try? place.status().kind) == .directory
        }
        surroundings.engineSocket = location.socket
        surroundings.environmentFiles = environmentFiles
        return ProjectComposer(project, usesUnderscores: separator == "_", surroundings: surroundings)
    }

    func executor(
        _ plan: Plan,
        _ project: Project,
        _ world: ObservedWorld,
        separator: String = "-",
        environmentFiles: [String] = [],
        parallelism: Int?,
        _ report: @escaping ProjectReport
    ) -> PlanExecutor {
        PlanExecutor(
            engine: self,
            plan: plan,
            project: project,
            composer: composer(of: project, separator, environmentFiles),
            separator: separator,
            contents: world.contents,
            imageIDs: world.images,
            parallelism: parallelism.flatMap { $0 > 0 ? $0 : nil } ?? PlanExecutor.standardParallelism,
            report: report,
            replaced: plan.replaced
        )
    }

    // MARK: Up

    /// Makes reality match a project.
    ///
    /// - Parameters:
    ///   - request: The project, and what is asked for besides.
    ///   - report: Told of everything as it happens; the last is `finished`.
    /// - Throws: What kept the plan from being made; all that comes later is reported.
    package func bringUp(_ request: ProjectUpRequest, _ report: @escaping ProjectReport) async throws {
        try await projects.gate(of: request.project.name).run {
            let preparation = try await prepare(request)
            await report(.plan(preparation.plan))
            guard preparation.plan.problems.isEmpty else { return await report(.finished(.refused)) }
            try keep(request.project)
            let executor = executor(
                preparation.plan,
                request.project,
                preparation.world,
                separator: request.options.separator,
                environmentFiles: request.environmentFiles,
                parallelism: request.parallelism,
                report
            )
            var isDone = await executor.run()
            if !isDone {
                // Whoever asked may have gone, and what was begun is put in order all the same.
                await Task { await executor.takeBack(everything: request.rollsBack) }.value
            } else if request.settles {
                isDone = await executor.settle(isAwaited: request.options.waits)
            }
            await report(.finished(isDone ? .done : .failed))
            if isDone, preparation.plan.hasChanges { planAhead(request) }
        }
    }

    /// How long after `up` the next one is planned: those who wait for something else need the processors.
    private static let planningPause = Duration.milliseconds(200)

    /// Plans the next `up` of the same before anybody asks for it, which then finds everything as it is to be.
    private func planAhead(_ request: ProjectUpRequest) {
        background.add { [weak self] in
            guard (try? await Task.sleep(for: Self.planningPause)) != nil else { return }
            // What is wrong with it is told to whoever asks.
            _ = try? await self?.prepare(request)
        }
    }

    /// Writes a project down as it is wanted.
    private func keep(_ project: Project) throws {
        if projects.known(project.name) == project { return }
        let record = ProjectRecord(
            name: project.name,
            changed: UnixTime(.now),
            definition: try JSON.encode(project)
        )
        try store.write(.process) { try $0.put(record) }
        projects.note(project, named: project.name)
    }

    // MARK: Everything else

    /// What one of the commands on containers would do, and why; nothing is changed.
    package func plan(
        _ command: LifeCommand,
        ofProject name: String,
        _ request: ProjectLifeRequest
    ) async throws -> Plan {
        try await prepare(command, ofProject: name, request).plan
    }

    private func prepare(
        _ command: LifeCommand,
        ofProject name: String,
        _ request: ProjectLifeRequest
    ) async throws -> (project: Project, world: ObservedWorld, plan: Plan) {
        let project = try await request.project.orElse { try await self.knownProject(name) }
        let world = try await WorldObserver(engine: self, project: project, separator: "-").world()
        return (project, world, LifePlanner.plan(command, project, world, request.options))
    }

    /// Does one of the commands on containers that are there.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - name: The project.
    ///   - request: What is asked for.
    ///   - report: Told of everything as it happens; the last is `finished`.
    /// - Throws: What kept the plan from being made.
    package func conduct(
        _ command: LifeCommand,
        ofProject name: String,
        _ request: ProjectLifeRequest,
        _ report: @escaping ProjectReport
    ) async throws {
        try await projects.gate(of: name).run {
            let (project, world, plan) = try await prepare(command, ofProject: name, request)
            await report(.plan(plan))
            guard plan.problems.isEmpty else { return await report(.finished(.refused)) }
            let executor = executor(plan, project, world, parallelism: request.parallelism, report)
            let isDone = await executor.run()
            if isDone, command == .down, request.options.services.isEmpty {
                try store.write(.process) { try $0.removeProject(name) }
                projects.note(nil, named: name)
            }
            await report(.finished(isDone ? .done : .failed))
        }
    }

    /// The projects that were brought up, by name.
    package func listProjects() throws -> [ProjectSummary] {
        let listing = try store.read { try $0.projects() }
        for record in listing.unreadable { report("cannot list a project", StoreError(.unreadableRecord, "\(record)")) }
        return listing.records.map { record in
            let project = try? JSON.decode(Project.self, from: record.definition)
            return ProjectSummary(name: record.name, changed: Timestamp(record.changed), files: project?.files ?? [])
        }
    }

    /// What the engine knows of a project: as it was brought up, or else what the labels of its containers tell.
    ///
    /// - Throws: `notFound` where there is nothing.
    package func knownProject(_ name: String) async throws -> Project {
        if let project = try projectRecord(name) { return project }
        let snapshots = await containers(of: name)
        var project = Project()
        project.name = name
        for snapshot in snapshots {
            let service = snapshot.label(ProjectLabel.service)
            guard !service.isEmpty, project.services[service] == nil else { continue }
            var known = snapshot.definition.membership?.definition ?? Service()
            if known.image == nil, known.build == nil {
                known.image = ImageReference(snapshot.definition.request.config.image)
            }
            if known.dependsOn.isEmpty {
                known.dependsOn = Self.dependencies(in: snapshot.label(ProjectLabel.dependsOn))
            }
            project.services[service] = known
        }
        for network in networks.all where network.definition.labels[ProjectLabel.project] == name {
            guard let key = network.definition.labels[ProjectLabel.network] else { continue }
            var known = Compose.Network()
            known.name = network.name
            project.networks[key] = known
        }
        for unit in volumes.all where unit.volume.labels?[ProjectLabel.project] == name {
            guard let key = unit.volume.labels?[ProjectLabel.volume] else { continue }
            var known = Compose.Volume()
            known.name = unit.volume.name
            project.volumes[key] = known
        }
        return project
    }

    /// Reads the label ``EngineAPI/ProjectLabel/dependsOn``.
    private static func dependencies(in label: String) -> [String: Dependency] {
        var found: [String: Dependency] = [:]
        for part in label.split(separator: ",") {
            let words = part.split(separator: ":").map(String.init)
            guard let name = words.first else { continue }
            let condition = words.count > 1 ? Dependency.Condition(rawValue: words[1]) : nil
            found[name] = Dependency(condition ?? .started, restart: words.count > 2 && words[2] == "true")
        }
        return found
    }

    /// A project as it was brought up last; nil where it never was.
    func projectRecord(_ name: String) throws -> Project? {
        if let project = projects.known(name) { return project }
        guard let record = try store.read({ try $0.project(name) }) else { return nil }
        let project = try JSON.decode(Project.self, from: record.definition)
        projects.note(project, named: name)
        return project
    }

    /// The containers of a project.
    func containers(of project: String) async -> [ContainerSnapshot] {
        await containers.all.asyncMap { await $0.snapshot }.filter { $0.project == project }
    }

    /// Whether a container has a network, whether it runs or not.
    func isUsed(network name: String) async -> Bool {
        guard let network = try? networks.find(name) else { return false }
        for unit in containers.all
        where await unit.definition.allNetworks.contains(where: { network.isMeant(by: $0.reference) }) {
            return true
        }
        return false
    }

    /// The volumes without a name of a container, by where they are mounted in it.
    func unnamedVolumes(of reference: String) async -> [String: String] {
        guard let unit = try? containers.find(reference) else { return [:] }
        var found: [String: String] = [:]
        for mount in await unit.definition.allMounts {
            if case .volume(let volume) = mount.kind, volume.isAnonymous { found[mount.destination] = volume.name }
        }
        return found
    }
}

extension Optional where Wrapped: Sendable {
    /// The value, or what a function gives.
    func orElse(_ other: () async throws -> Wrapped) async rethrows -> Wrapped {
        if let self { return self }
        return try await other()
    }
}
