// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import Netlink

/// Something that somebody did to the networks of a host.
package enum NetworkChange: Hashable, Sendable {
    /// The interface with this name has gone, by deletion or to another namespace.
    case linkGone(String)
    /// This table of nftables is new, has gone, or has other content.
    case table(Table)
    /// Changes were too many to be told: anything may have happened.
    case unknown
}

/// Hears of what others do to the networks of a host, so that it can be mended at once.
///
/// Interfaces can be deleted by anybody who is root. Rules can where a table has no owner (before Linux 6.9), and rules that
/// are in tables of others go with these.
package final class NetworkWatch: Sendable {
    /// The changes from now on, each once where it came several times in a moment; for one reader.
    ///
    /// They end when the watch is given up, or the kernel's sockets fail, after ``NetworkChange/unknown`` then.
    package let changes: AsyncStream<NetworkChange>
    private let mailbox: Mailbox<Void>

    /// Starts a thread that listens.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor of the network namespace; nil for that of the calling thread.
    ///   - ports: The ports of sockets whose changes of tables are not told: ``Firewall/port`` and its like.
    /// - Throws: Why the kernel cannot be heard.
    package init(inNetworkOf network: Int32? = nil, ignoring ports: Set<UInt32> = []) throws {
        let links = try NetlinkListener(.links, inNetworkOf: network)
        let tables = try NetlinkListener(.nftables, inNetworkOf: network)
        let events = SharedEventQueue(try EventQueue())
        let mailbox = try Mailbox<Void>()
        for (token, number) in [mailbox.signal.number, links.number, tables.number].enumerated() {
            try events.queue.add(number, token: UInt64(token))
        }
        // What is dropped for want of a reader is told as unknown.
        let (stream, continuation) = AsyncStream.makeStream(
            of: NetworkChange.self,
            bufferingPolicy: .bufferingNewest(1024)
        )
        continuation.onTermination = { _ in mailbox.post(()) }
        changes = stream
        self.mailbox = mailbox
        let loop = WatchLoop(links: links, tables: tables, ignored: ports, continuation: continuation)
        try BlockingCall.start {
            while loop.turn(events.queue.wait(-1)) {}
            continuation.finish()
        }
    }

    deinit { mailbox.post(()) }
}

/// What the thread of a ``NetworkWatch`` does.
private struct WatchLoop: Sendable {
    let links: NetlinkListener
    let tables: NetlinkListener
    let ignored: Set<UInt32>
    let continuation: AsyncStream<NetworkChange>.Continuation

    /// How many datagrams are taken up before their changes are told.
    private static let batch = 256

    /// Tells what came in; false at the end.
    func turn(_ tokens: [UInt64]) -> Bool {
        if tokens.contains(0) { return false }
        do {
            if tokens.contains(1) {
                try tell(links) { message in try Link.gone(message).map(NetworkChange.linkGone) }
            }
            if tokens.contains(2) {
                try tell(tables) { message in
                    ignored.contains(message.port) ? nil : try Table.changed(message).map(NetworkChange.table)
                }
            }
            return true
        } catch {
            continuation.yield(.unknown)
            return false
        }
    }

    private func tell(_ listener: NetlinkListener, _ change: (Reply) throws -> NetworkChange?) throws {
        var told: Set<NetworkChange> = []
        var changes: [NetworkChange] = []
        for _ in 0..<Self.batch {
            guard let heard = try listener.receive() else { break }
            switch heard {
            case .messages(let messages):
                for message in messages {
                    if let change = try change(message), told.insert(change).inserted { changes.append(change) }
                }
            case .loss:
                if told.insert(.unknown).inserted { changes.append(.unknown) }
            }
        }
        for change in changes {
            if case .dropped = continuation.yield(change) { continuation.yield(.unknown) }
        }
    }
}
