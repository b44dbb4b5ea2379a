// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Has the keeper keep processes: they outlive this process, and so does what is held for them.
package struct KeeperSupervisor: Supervisor {
    package let client: KeeperClient
    private let launcher: KeeperLauncher

    /// A supervisor whose processes a keeper keeps.
    ///
    /// - Parameters:
    ///   - client: The keeper's client.
    ///   - keepsFailures: Whether a start that failed is kept, and so is news, until it is forgotten.
    package init(_ client: KeeperClient, keepsFailures: Bool = false) {
        self.client = client
        launcher = KeeperLauncher(client, keepsFailures: keepsFailures)
    }

    package var isServing: Bool { (try? client.hello()) != nil }

    package func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        try launcher.launch(plan, name: name)
    }

    package func forEachProcess(_ body: (consuming KeptProcess) -> Void) throws(KeeperError) {
        try client.forEachProcess(body)
    }

    package func forget(_ name: String) throws(KeeperError) {
        try client.forget(name)
    }

    package func hold(_ descriptor: borrowing Descriptor, as tag: UInt32, for name: String) throws(KeeperError) {
        try client.hold(descriptor, as: tag, for: name)
    }

    package func holdSockets(_ numbers: [Int32], for name: String) throws(KeeperError) {
        try client.holdSockets(numbers, for: name)
    }

    package func heldSockets(of name: String) throws(KeeperError) -> [Int: SharedDescriptor] {
        var sockets: [Int: SharedDescriptor] = [:]
        let tags = KeeperClient.socketTags
        try client.forEachHeld(of: name) { tag, descriptor in
            if tags.contains(tag) { sockets[Int(tag - tags.lowerBound)] = SharedDescriptor(descriptor) }
        }
        return sockets
    }

    package func releaseSockets(from place: Int, of name: String) throws(KeeperError) {
        let places = try heldSockets(of: name).keys.filter { $0 >= place }
        for place in places { try client.release(KeeperClient.socketTags.lowerBound + UInt32(place), of: name) }
    }

    package func release(_ tag: UInt32, of name: String) throws(KeeperError) {
        try client.release(tag, of: name)
    }

    package func fetch(_ tag: UInt32, of name: String) throws(KeeperError) -> Descriptor? {
        try client.fetch(tag, of: name)
    }

    package func pump(_ source: borrowing Descriptor, of name: String, to log: LogTarget) throws(KeeperError) {
        try client.pump(source, of: name, to: log)
    }

    package func adopt(_ name: String, pid: Int32, pidfd: borrowing Descriptor) throws(KeeperError) {
        try client.adopt(name, pid: pid, pidfd: pidfd)
    }

    package func ends() throws(KeeperError) -> AsyncStream<ProcessNews> {
        let watch = SharedWatch(try client.watch())
        let (news, continuation) = AsyncStream.makeStream(of: ProcessNews.self)
        // The thread waits for the keeper: where nobody wants to hear any more, the end of the connection wakes it.
        continuation.onTermination = { _ in watch.watch.stop() }
        do {
            try BlockingCall.start {
                while let process = try? watch.watch.next() {
                    if let told = ProcessNews(process) { continuation.yield(told) }
                }
                continuation.finish()
            }
        } catch {
            continuation.finish()
            throw .unreachable(error)
        }
        return news
    }
}

/// The connection that a thread reads and that another one ends.
private final class SharedWatch: Sendable {
    let watch: KeeperWatch

    init(_ watch: consuming KeeperWatch) {
        self.watch = watch
    }
}

extension ProcessNews {
    /// The news of a process; nil while it runs.
    init?(_ process: borrowing KeptProcess) {
        self.init(name: process.name, pid: process.pid, time: process.ended)
        switch process.state {
        case .running: return nil
        case .ended(let known): end = known
        case .lost: break
        case .failed(let error): failure = error
        }
    }
}
