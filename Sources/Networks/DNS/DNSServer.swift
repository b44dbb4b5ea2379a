// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import Netlink

/// What the queries of one container are answered with.
package struct DNSView: Sendable {
    /// The names that it alone knows; they come before those of its networks.
    package var table: NameTable
    /// The networks whose names it knows, those whose answers count most first.
    package var networks: [String]
    /// Names that it alone has for others: they are answered as those are at the time.
    package var aliases: [DNSName: DNSName] = [:]
    /// Whether names that are not ours may be asked elsewhere; a container on internal networks only may not.
    package var forwards: Bool
    /// Whom to ask; none: whom the host asks.
    package var servers: [IPAddress]

    package init(
        _ table: NameTable,
        networks: [String] = [],
        forwards: Bool = true,
        servers: [IPAddress] = []
    ) {
        self.table = table
        self.networks = networks
        self.forwards = forwards
        self.servers = servers
    }
}

/// Answers the queries of all containers, with one thread.
package final class DNSServer: Sendable {
    private let mailbox: Mailbox<DNSCommand>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - resolverFile: The file that says whom the host asks.
    ///   - upstreamPort: The port at which others are asked.
    /// - Throws: The error of epoll_create1(2), eventfd(2) or pthread_create(3).
    package init(
        resolverFile: String = "/etc/resolv.conf",
        upstreamPort: UInt16 = DNSSockets.port
    ) throws(SystemError) {
        let mailbox = try Mailbox<DNSCommand>()
        let events = try EventQueue()
        let upstream = DNSForwarder.Settings(resolverFile: resolverFile, port: upstreamPort)
        let place = SharedEventQueue(events)
        try place.queue.add(mailbox.signal.number, token: EventToken.mailbox.number)
        self.mailbox = mailbox
        try BlockingCall.start { DNSLoop(mailbox, place, upstream).run() }
    }

    deinit { mailbox.post(.stop(nil)) }

    /// Begins to answer a container.
    ///
    /// - Parameters:
    ///   - container: Its name here; what it had before under this name is closed.
    ///   - sockets: The sockets in its network.
    ///   - view: What it is answered with.
    package func serve(_ container: String, on sockets: consuming DNSSockets, _ view: DNSView) {
        serve(container, on: SharedDNSSockets(sockets), view)
    }

    /// The same with sockets that somebody else has open, too: what comes while nobody serves waits there.
    package func serve(_ container: String, on sockets: SharedDNSSockets, _ view: DNSView) {
        mailbox.post(.serve(container, sockets, view))
    }

    /// Answers a container with something else from now on; one that is not served is left alone.
    package func update(_ container: String, _ view: DNSView) {
        mailbox.post(.update(container, view))
    }

    /// Says which names there are in a network, for all containers in it.
    ///
    /// - Parameters:
    ///   - network: The network, by the name that views have for it.
    ///   - table: The names; nil where the network is gone.
    package func define(_ network: String, _ table: NameTable?) {
        mailbox.post(.define(network, table))
    }

    /// Stops answering a container, and closes its sockets.
    package func end(_ container: String) {
        mailbox.post(.close(container))
    }

    /// Stops answering all containers, for good; when this returns their sockets are closed.
    package func stop() {
        let gate = Gate()
        if mailbox.post(.stop(gate)) { gate.wait() }
    }
}

/// Sockets with several owners, closed with the last.
package final class SharedDNSSockets: Sendable {
    let sockets: DNSSockets

    package init(_ sockets: consuming DNSSockets) {
        self.sockets = sockets
    }

    /// The numbers of both: that of the datagrams comes first.
    package var numbers: [Int32] { [sockets.datagrams.number, sockets.listener.number] }
}

/// What the thread is told.
enum DNSCommand: Sendable {
    case serve(String, SharedDNSSockets, DNSView)
    case update(String, DNSView)
    case define(String, NameTable?)
    case close(String)
    case stop(Gate?)
}
