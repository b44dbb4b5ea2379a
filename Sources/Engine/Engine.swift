// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import Images
package import Linux
import Networks
import OCI
import Registry
import Runtime
import Seccomp
import Store
import Synchronization

/// The engine: knows every container and image of its location, and does what clients ask for.
///
/// Its operations have the names and the shapes of the Docker Engine API; those on containers take an identifier, the start
/// of one, or a name. They throw `EngineError` in the words that clients look for.
///
/// An engine works while ``run()`` does. When it ends, containers go on: the next engine takes them over.
package final class Engine: Sendable {
    package let location: EngineLocation
    /// When it started.
    package let started: Timestamp
    let store: Store
    let images: ImageStore
    let base: BaseLayer
    /// Where images are pulled from and pushed to.
    let registry: RegistryClient
    let pulls: PullRegistry
    let hub: EventHub
    let containers = ContainerRegistry()
    let execs = ExecRegistry()
    let volumes = VolumeRegistry()
    let projects = ProjectRegistry()
    let networks: HostNetworks
    /// Networks of containers that are made ahead.
    let slots: NetworkSlots
    /// Where the subnets of networks come from that are given none.
    let subnets: SubnetPool
    /// Lets one network at a time be made or removed.
    let networkGate = SerialGate()
    /// The configs and secrets of containers.
    let givenFiles: GivenFileMemory
    let supervisor: SupervisorSlot
    /// Who keeps the processes.
    let keeping: Keeping
    let background: BackgroundWork
    let trash: Trash
    let buildProcesses = BuildProcesses()
    /// The folders that programs of builds share.
    let cacheMounts: CacheMounts
    /// Files that builds have fetched.
    let fetchedFiles: FetchedFiles
    /// Repositories that builds have fetched.
    let fetchedRepositories: FetchedRepositories
    /// Lets each step of builds be done once at a time.
    let buildGates = KeyedGates()
    /// What instructions of builds name.
    let contentDigests = ContentMemo()
    let trees: ControlGroupHierarchies
    let filters: SeccompFilterCache
    let machine: Machine
    /// What the keeper starts when this process dies; nil for nothing.
    let restart = Mutex<GuardedProgram?>(nil)
    /// The identifiers of containers whose records cannot be read, and of their execs: what is theirs is left alone.
    let unreadable = Mutex<Set<String>>([])
    /// Whether the engine is on its way out, so that it replaces no keeper.
    let isEnding = Mutex(false)
    /// The keeper, where it is a child of this process.
    let keeperChild = Mutex<Int32?>(nil)
    private let runNumbers = Mutex(SystemRandomNumberGenerator())

    /// Where the processes of containers live.
    package enum Keeping: Sendable {
        /// In a keeper, the program at the path: they outlive the engine.
        case keeper(program: String)
        /// In the engine's own process: they end with it.
        case embedded
    }

    /// Opens what an engine needs, and starts its keeper where there is none; see ``start(at:keeping:)``.
    init(
        at location: EngineLocation,
        keeping: Keeping,
        host: SharedDescriptor? = nil,
        subnets: SubnetPool = .standard
    ) throws {
        // Clients and containers close their ends whenever they like.
        signal(SIGPIPE, SIG_IGN)
        self.location = location
        self.keeping = keeping
        self.subnets = subnets
        started = .now
        for folder in [location.data, location.runtime] { try ContainerFolder.makeDirectory(folder, mode: 0o700) }
        for folder in [location.containers, location.volumes, location.filters] {
            try ContainerFolder.makeDirectory(folder, mode: 0o700)
        }
        ContainerFolder.spread(below: location.containers)
        base = BaseLayer(path: location.base)
        try base.make()
        store = try Store(path: location.database)
        images = try ImageStore(path: location.data)
        let settings = RegistrySettings { getenv($0).map { String(cString: $0) } }
        registry = RegistryClient(settings)
        fetchedFiles = FetchedFiles(location.fetchedFiles, settings)
        fetchedRepositories = FetchedRepositories(location.fetchedRepositories)
        pulls = PullRegistry(images)
        givenFiles = GivenFileMemory(location.files)
        cacheMounts = CacheMounts(location.cacheMounts)
        background = BackgroundWork()
        hub = EventHub(store, background)
        trash = try Trash(location.data + "/trash", background)
        var trees = try ControlGroupHierarchies.discover()
        trees.parent = ["wharf", Self.groupName(of: location.data)]
        self.trees = trees
        networks = HostNetworks(tableName: "wharf-\(Self.groupName(of: location.data))", in: host) { [store] guarded in
            try store.write(.process) { try $0.setSetting(Self.guardKey, to: String(guarded.rawValue)) }
        }
        slots = NetworkSlots(background) { [networks] in try networks.makeSlot() }
        filters = SeccompFilterCache(directory: location.filters)
        machine = Machine.current(trees)
        let (opened, child) = try Self.openSupervisor(keeping, location)
        supervisor = SupervisorSlot(opened)
        keeperChild.withLock { $0 = child }
    }

    /// Starts an engine, which takes over the containers of the one before.
    ///
    /// - Parameters:
    ///   - location: Its folders; nobody else works with them.
    ///   - keeping: Where the processes of containers live.
    ///   - host: The network namespace whose networks they have and where their ports are published; nil for that of the process.
    ///   - subnetRanges: The ranges of IPv4 that networks get their subnets of, as ``Networks/SubnetPool/init(_:)`` reads them; nil
    ///     for the standard.
    /// - Returns: The engine; it works when ``run()`` is called.
    /// - Throws: What it cannot do without.
    package static func start(
        at location: EngineLocation,
        keeping: Keeping,
        host: SharedDescriptor? = nil,
        subnetRanges: String? = nil
    ) async throws -> Engine {
        let subnets = try subnetRanges.map { text throws(AddressError) in try SubnetPool(text) } ?? .standard
        let engine = try await BlockingCall.run {
            try Engine(at: location, keeping: keeping, host: host, subnets: subnets)
        }
        try await engine.takeOver()
        return engine
    }

    /// Works until the task is cancelled or the engine is ended.
    package func run() async {
        trash.empty()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.background.run() }
            group.addTask { await self.watchProcesses() }
            group.addTask { await self.watchNetworks() }
        }
    }

    /// Ends the work; what runs goes on, but for containers whose processes are the engine's own.
    ///
    /// A keeper that has nothing to keep ends as well.
    package func end() async {
        // The end of the keeper is no loss from here on: another one would start an engine again.
        isEnding.withLock { $0 = true }
        guard case .keeper = keeping else {
            for unit in containers.all { await unit.endWithEngine() }
            letGo()
            return
        }
        letGo()
        let awaited = await awaitedProcesses()
        let (client, socket) = (KeeperClient(socket: location.keeperSocket), location.keeperSocket)
        _ = try? await BlockingCall.run {
            try? client.unguard()
            // What has ended and is of no more use to anybody would keep it from ending.
            var spent: [String] = []
            try client.forEachProcess { process in
                if process.state != .running, !awaited.contains(process.name) { spent.append(process.name) }
            }
            for name in spent { try? client.forget(name) }
            // It stays where it still keeps something.
            try client.quit()
            unlink(socket)
        }
    }

    /// Ends what goes on beside requests, and lets go of what only one engine can have.
    private func letGo() {
        background.end()
        leaveNetworks()
        slots.close()
        networks.close()
        hub.write()
    }

    /// Takes the network of containers that name none off the host, where none runs.
    private func leaveNetworks() {
        do {
            try networks.takeDownIfUnused(Self.standardNetworkID)
        } catch {
            report("cannot remove the bridge of the network \(Self.standardNetworkName)", error)
        }
    }

    /// The processes whose end the records do not have yet: the next engine asks the keeper for it.
    private func awaitedProcesses() async -> Set<String> {
        var names: Set<String> = []
        for unit in containers.all {
            if let run = await unit.run { names.insert(run.process.name) }
            if let name = await unit.unrecordedEnd { names.insert(name) }
        }
        for unit in execs.all where await !unit.isOver { names.insert(unit.id.description) }
        return names
    }

    /// Whether nothing runs or is about to.
    package func isIdle() async -> Bool {
        for unit in containers.all where await unit.isActive { return false }
        return true
    }

    /// Says what went wrong where nobody waits for an answer.
    func report(_ action: String, _ error: any Error) {
        note("\(action): \(error)")
    }

    /// Says what happened where nobody waits for an answer.
    func note(_ text: String) {
        let line = "wharfd: \(Timestamp.now): \(text)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }

    // MARK: Parts

    /// The supervisor, and the number of a keeper that was started for that.
    private static func openSupervisor(
        _ keeping: Keeping,
        _ location: EngineLocation
    ) throws -> (supervisor: any Supervisor, child: Int32?) {
        switch keeping {
        case .embedded: return (try EmbeddedSupervisor(), nil)
        case .keeper(let program):
            let client = KeeperClient(socket: location.keeperSocket)
            do {
                _ = try client.hello()
                return (KeeperSupervisor(client, keepsFailures: true), nil)
            } catch KeeperError.unreachable(let error) where [ENOENT, ECONNREFUSED].contains(error.number) {
                // One that was killed leaves its socket. Only the engine that has the lock starts keepers, one at a time.
                unlink(location.keeperSocket)
            }
            let started = try KeeperClient.start(program, socket: location.keeperSocket)
            return (KeeperSupervisor(started, keepsFailures: true), try? started.hello())
        }
    }

    /// Puts another supervisor in the place of one that has gone.
    func openSupervisor() throws -> any Supervisor {
        let (opened, child) = try Self.openSupervisor(keeping, location)
        if let child { keeperChild.withLock { $0 = child } }
        return opened
    }

    /// The name of the control group above those of the containers: another one for each location.
    ///
    /// It is a hash (FNV-1a of 64 bits) of the path, because a path is no name.
    static func groupName(of path: String) -> String {
        let hash = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// A number for the name of a process, which no run of the container had before.
    func nextRunNumber() -> String {
        String(runNumbers.withLock { UInt32.random(in: 0..<(36 * 36 * 36 * 36 * 36), using: &$0) }, radix: 36)
    }

    /// The roots of layers, from the base to the top.
    ///
    /// - Parameter layers: The chain ids from the record of a container.
    /// - Returns: The directories, which last as long as they are held.
    /// - Throws: `failed` for what is no chain id, or for a layer that cannot be opened.
    func layerRoots(_ layers: [String]) async throws -> [SharedDescriptor] {
        let (chain, store) = (try chainIDs(layers), images.layers)
        do {
            return try await BlockingCall.run { try store.roots(of: chain) }
        } catch let error as ImageError {
            throw EngineError(error, about: "the image of the container")
        }
    }

    /// Reads the chain ids in the record of a container.
    func chainIDs(_ layers: [String]) throws(EngineError) -> [Digest] {
        var chain: [Digest] = []
        for text in layers {
            guard let id = Digest(text) else {
                throw EngineError(.failed, "the record of the container names the layer `\(text)`, which is no digest")
            }
            chain.append(id)
        }
        return chain
    }

    /// The containers whose namespaces a container joins.
    func runs(joinedBy definition: ContainerDefinition) async throws -> [String: JoinedRun] {
        var runs: [String: JoinedRun] = [:]
        for reference in SpecificationBuilder.references(in: definition.request.hostConfig) {
            let unit = try containers.find(reference)
            runs[reference] = JoinedRun(snapshot: await unit.snapshot, memory: await unit.run?.sharedMemory)
        }
        return runs
    }
}
