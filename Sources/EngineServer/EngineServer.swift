// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Synchronization

/// Serves the API of the engine on a socket: HTTP/1.1 with the paths, queries, bodies and streams of Docker's engine.
///
/// It stands on the socket itself and not on a framework. `attach` and `exec` hand a connection over to another protocol
/// after a request that may have a body, with or without asking for an upgrade, and then need each direction on its own,
/// with nothing lost that was sent early. Servers that own the connection, Hummingbird and NIO's HTTP handlers among them,
/// read past the request or know upgrades without a body only. What is left is small: ``RequestParser`` and a task for
/// each connection, which waits in the one ``Reactor`` of the process.
///
/// Memory is bounded for each connection: one piece is read when somebody wants it, one is written before the next is made.
package final class EngineServer: Sendable {
    private let router: Router
    private let listener: Listener
    private let limits: ServerLimits
    private let user: UInt32
    private let version: String
    private let log: @Sendable (String) -> Void
    private let stopping = Latch()
    private let connections = Mutex(0)

    /// What is open.
    package let activity = Activity()

    /// A server that does not run yet.
    ///
    /// From now on the process ignores `SIGPIPE`: a client that goes away, or an operation that reads no more of an upload,
    /// must not end it, and a write into a pipe has no other way to say so.
    ///
    /// - Parameters:
    ///   - router: What is served.
    ///   - listener: Where.
    ///   - user: The user who may connect, besides root.
    ///   - version: What the header `Server` names.
    ///   - limits: How much of everything a client may send.
    ///   - log: Gets a line for each failure that is not the client's.
    package init(
        _ router: Router,
        on listener: Listener,
        for user: UInt32,
        version: String = ProductVersion.server,
        limits: ServerLimits = ServerLimits(),
        log: @escaping @Sendable (String) -> Void
    ) {
        signal(SIGPIPE, SIG_IGN)
        self.router = router
        self.listener = listener
        self.user = user
        self.version = version
        self.limits = limits
        self.log = log
    }

    /// Ends the server: no further connection is taken, streams end, and requests that change something go on to their end.
    package func stop() { stopping.open() }

    /// Serves until it is stopped and all connections have ended, or the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var isLast = false
            while !isLast, !Task.isCancelled {
                await waitForClient()
                // Those who had connected before the end are still served.
                isLast = stopping.isOpen
                do {
                    while let connection = try accept() { group.addTask { await self.serve(connection) } }
                } catch {
                    // Descriptors or memory have run out: others may give some back.
                    log("cannot take a connection: \(error); trying again in a moment")
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            if Task.isCancelled { group.cancelAll() }
        }
    }

    /// The next client that waits, counted as open before it is taken out of the queue: so that there is no moment at which
    /// it is neither.
    private func accept() throws -> Connection? {
        activity.begin()
        do {
            if let socket = try listener.socket.acceptStream() { return Connection(socket) }
        } catch {
            activity.end()
            throw error
        }
        activity.end()
        return nil
    }

    private func waitForClient() async {
        await firstOf([
            { try await Reactor.shared.wait(for: self.listener.socket.number, .readable) },
            { try await self.stopping.wait() },
        ])
    }

    /// Runs functions until one has ended, and cancels the others.
    private func firstOf(_ functions: [@Sendable () async throws -> Void]) async {
        await withTaskGroup(of: Void.self) { group in
            for function in functions { group.addTask { try? await function() } }
            await group.next()
            group.cancelAll()
        }
    }
}

// A connection.
extension EngineServer {
    private func serve(_ connection: Connection) async {
        let source = RequestSource(connection, limits: limits)
        let counter = RequestCounter(activity)
        defer { counter.end() }
        let number = connections.withLock { count in
            count += 1
            return count
        }
        defer { connections.withLock { $0 -= 1 } }
        do {
            if let refusal = refusal(of: connection, number) {
                try await responder(connection, nil).fail(refusal)
                await close(connection, source)
                return
            }
            while let head = try await nextHead(connection, source, counter) {
                let writer = responder(connection, head)
                await respond(to: head, source, writer, connection)
                counter.end()
                if await writer.isHandedOver { return finish(connection) }
                guard await writer.leavesConnection, await source.skipBody(limit: 1 << 20) else { break }
            }
        } catch let problem as RequestProblem {
            try? await responder(connection, nil).fail(problem)
        } catch {
            // The client has gone.
        }
        await close(connection, source)
    }

    /// Why a client is not served.
    private func refusal(of connection: Connection, _ number: Int) -> EngineError? {
        let peer = connection.peerUser
        if peer != 0, peer != user {
            return EngineError(
                .forbidden,
                "the engine of user \(user) does not serve user \(peer.map(String.init) ?? "unknown"); "
                    + "start one of your own"
            )
        }
        if number > limits.connections {
            return EngineError(
                .unavailable,
                "the engine has \(limits.connections) connections, which is the limit; close some and try again"
            )
        }
        return nil
    }

    private func responder(_ connection: Connection, _ head: RequestHead?) -> ResponseWriter {
        let fields = Ping().headers(server: version).prefix(4)
        return ResponseWriter(connection, to: head, common: Array(fields))
    }

    /// The next request; while there is none, an end of the server is an end of the input, so that a request which has
    /// arrived by then is still answered, and none can arrive after it.
    private func nextHead(
        _ connection: Connection,
        _ source: RequestSource,
        _ counter: RequestCounter
    ) async throws -> RequestHead? {
        try await withThrowingTaskGroup(of: RequestHead??.self) { group in
            group.addTask { .some(try await source.head { counter.begin() }) }
            group.addTask {
                try? await self.stopping.wait()
                if self.stopping.isOpen { connection.endInput() }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let head = result { return head }
            }
            return nil
        }
    }

    private func respond(
        to head: RequestHead,
        _ source: RequestSource,
        _ writer: ResponseWriter,
        _ connection: Connection
    ) async {
        do {
            let (route, parameters) = try router.route(for: head)
            if stopping.isOpen { await writer.closeConnection() }
            let request = Request(head: head, parameters: parameters, source: source, limits: limits)
            if route.endsWithClient {
                try await whileClientStays(connection) { try await route.handler(request, writer) }
            } else {
                try await route.handler(request, writer)
            }
            try await writer.finish()
        } catch {
            await report(error, head, writer)
        }
    }

    /// Runs a handler; cancels it where the client goes away or the server ends.
    private func whileClientStays(
        _ connection: Connection,
        _ handler: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await handler()
                return true
            }
            group.addTask {
                try? await connection.waitForHangup()
                return false
            }
            group.addTask {
                try? await self.stopping.wait()
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == false {
                group.cancelAll()
                while try await group.next() == false {}
            }
        }
    }

    private func report(_ error: any Error, _ head: RequestHead, _ writer: ResponseWriter) async {
        // The path is the client's text.
        let path = head.path.joined(separator: "/").prefix(200)
        if !(error is EngineError), !(error is RequestProblem), !(error is CancellationError) {
            log("\(head.method) /\(path): \(error)")
        }
        do {
            // What has begun cannot be taken back: the client sees that the end is missing.
            if await writer.hasBegun {
                await writer.closeConnection()
            } else {
                try await writer.fail(error)
            }
        } catch {
            await writer.closeConnection()
        }
    }

    /// Ends a connection so that the client reads everything that was written.
    private func close(_ connection: Connection, _ source: RequestSource) async {
        connection.endOutput()
        // A client that still sends shall find the answer and not a broken pipe, within bounds.
        await firstOf([
            {
                var rest = 16 << 20
                while rest > 0, let bytes = try await source.raw() { rest -= bytes.count }
            },
            { try await Task.sleep(for: .seconds(1)) },
            { try await self.stopping.wait() },
        ])
        finish(connection)
    }

    /// Ends both directions and leaves nothing unread.
    ///
    /// A socket that is closed with something unread resets the connection: the client would get `ECONNRESET` in place of
    /// the end.
    private func finish(_ connection: Connection) {
        connection.endOutput()
        connection.endInput()
        connection.discardInput()
    }
}

/// Counts the requests of one connection as open, and the connection before its first one.
private final class RequestCounter: Sendable {
    private let activity: Activity
    private let isOpen = Mutex(true)

    init(_ activity: Activity) {
        self.activity = activity
    }

    func begin() { set(true) }
    func end() { set(false) }

    private func set(_ value: Bool) {
        let change = isOpen.withLock { isOpen in
            defer { isOpen = value }
            return isOpen != value
        }
        if change { value ? activity.begin() : activity.end() }
    }
}
