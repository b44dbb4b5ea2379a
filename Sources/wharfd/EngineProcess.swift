// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import EngineServer
import Glibc
import Linux
import Runtime

/// The life of an engine's process, from its lock to its end.
struct EngineProcess {
    private let location: EngineLocation
    private let keeping: Engine.Keeping
    /// What the keeper starts when this process dies; nil where there is no keeper.
    private let successor: GuardedProgram?
    private let idleTimeout: Duration?
    private let readiness: Readiness

    /// How long requests that change something may take after the engine was told to end.
    private static let grace = Duration.seconds(10)

    init(_ location: EngineLocation, _ options: Options, _ readiness: Readiness) {
        self.location = location
        self.readiness = readiness
        idleTimeout = options.idleTimeout
        if options.isEmbedded {
            (keeping, successor) = (.embedded, nil)
        } else {
            keeping = .keeper(program: options.keeperProgram ?? Self.neighbour("wharf-keeper"))
            successor = GuardedProgram(
                Self.executable,
                arguments: Detachment.arguments(of: Self.executable),
                environment: Self.environment
            )
        }
    }

    /// The path of this program.
    private static var executable: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The program of that name next to this one.
    private static func neighbour(_ name: String) -> String {
        let path = executable
        return (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "") + name
    }

    private static var environment: [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        return variables
    }

    /// Runs the engine until it is told to end or has nothing to do.
    ///
    /// - Parameter socket: The socket that was handed over; nil makes one.
    /// - Throws: Why it cannot start.
    func run(on socket: Int32?) async throws {
        try Signals.install()
        guard let lock = try await EngineLock.take(location) else { return readiness.tell("ready") }
        try await serve(socket)
        // The lock goes last: who waits for it finds nothing of this process.
        release(lock)
    }

    private func release(_ lock: consuming EngineLock) {}

    private func serve(_ socket: Int32?) async throws {
        let ranges = getenv("WHARF_SUBNETS").map { String(cString: $0) }
        let engine = try await Engine.start(at: location, keeping: keeping, subnetRanges: ranges)
        let listener: Listener
        do {
            listener = try socket.map { Listener(Descriptor(owning: $0)) } ?? Listener(at: location.socket)
        } catch {
            // One that nobody can reach leaves no keeper behind.
            await engine.end()
            throw error
        }
        let end = Latch()
        let routes = EngineRoutes(engine) { end.open() }
        let server = EngineServer(routes.router, on: listener, for: geteuid()) { line in
            Main.report("\(line)\n", to: STDERR_FILENO)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await server.run() }
            group.addTask { await engine.run() }
            group.addTask { await FreeMemory.giveBack(after: server.activity) }
            if let successor { await guardMyself(engine, successor) }
            readiness.ready()
            await waitForEnd(engine, server, listener, end)
            readiness.stopping()
            listener.remove()
            server.stop()
            group.addTask { try? await Task.sleep(for: Self.grace) }
            // Whichever comes first: all connections have ended, or the time is up.
            await group.next()
            await engine.end()
            group.cancelAll()
        }
    }

    /// Has the keeper start this program again where it dies; containers are safe without it, too.
    private func guardMyself(_ engine: Engine, _ successor: GuardedProgram) async {
        do {
            try await engine.surviveDeath(by: successor)
        } catch {
            Main.report("the keeper will not start the engine again: \(error)\n", to: STDERR_FILENO)
        }
    }

    /// Waits until a signal, a client, or idleness ends the engine.
    private func waitForEnd(_ engine: Engine, _ server: EngineServer, _ listener: Listener, _ end: Latch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Signals.wait() }
            group.addTask { try? await end.wait() }
            if let idleTimeout {
                group.addTask { try? await waitForIdleness(idleTimeout, engine, server, listener) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits until nothing was asked for a time and nothing runs; then the socket is withdrawn.
    private func waitForIdleness(
        _ timeout: Duration,
        _ engine: Engine,
        _ server: EngineServer,
        _ listener: Listener
    ) async throws {
        while true {
            let rest = timeout - (server.activity.idleTime ?? .zero)
            if rest > .zero {
                try await Task.sleep(for: rest)
            } else if await !engine.isIdle() {
                try await Task.sleep(for: min(timeout, .seconds(5)))
            } else {
                // From here on clients do not find the socket and start an engine, which waits for the lock. One that has
                // found it before is either waiting to be accepted or counted.
                listener.withdraw()
                let isIdle = await engine.isIdle()
                if isIdle, !listener.hasWaiting, let idle = server.activity.idleTime, idle >= timeout { return }
                listener.publish()
            }
        }
    }
}
