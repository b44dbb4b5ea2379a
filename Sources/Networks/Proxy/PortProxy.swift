// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Linux
import Netlink
import Synchronization

/// Serves ports of the host whose traffic no rule takes to the container: passes on what arrives at them, with one thread for
/// all.
///
/// This is what is sent to `::1`, which cannot leave the host; what is sent to the host by IPv6 where the container has IPv4
/// only, or the other way round; and all of it on a kernel that does not translate addresses. The container sees the host
/// as the other end, and not the client.
package final class PortProxy: Sendable {
    /// Ports that are served.
    package struct Token: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private let mailbox: Mailbox<ProxyCommand>
    private let last = Mutex<UInt64>(0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor of the network that containers are reached from; nil is that of the calling
    ///     thread.
    ///   - datagramPatience: How long somebody may be silent who is still known by the answers that are due, with UDP.
    ///   - most: The most connections by all ports together, and as many clients of UDP: more connections wait before their
    ///     port, and the client that has been silent for the longest time makes room. Nil is an eighth of the descriptors that
    ///     the process may have.
    /// - Throws: The error of setns(2), epoll_create1(2), eventfd(2) or pthread_create(3).
    package init(inNetworkOf network: Int32? = nil, datagramPatience: Duration = .seconds(90), most: Int? = nil) throws
    {
        let mailbox = try Mailbox<ProxyCommand>()
        let events = SharedEventQueue(try EventQueue())
        try events.queue.add(mailbox.signal.number, token: ProxyEvent.mailbox.number)
        self.mailbox = mailbox
        let (seconds, attoseconds) = datagramPatience.components
        let patience = UInt64(max(0, seconds)) * 1000 + UInt64(max(0, attoseconds / 1_000_000_000_000_000))
        let place = try network.map { number throws(SystemError) in
            let copy = Descriptor(owning: try SystemError.check(clinux_dup_cloexec(number), "fcntl", on: "net"))
            return SharedDescriptor(copy)
        }
        // Tried where it can be told.
        if let place { try BlockingCall.runAndJoin { try enterNetwork(place.number) } }
        try BlockingCall.start {
            let loop = ProxyLoop(mailbox, events, datagramPatience: patience, most: most)
            if let place, (try? enterNetwork(place.number)) == nil { return loop.end() }
            // Whoever has gone is the error EPIPE (splice(2) has no flag for it).
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            loop.run()
        }
    }

    deinit { mailbox.post(.stop(nil)) }

    /// Begins to serve ports: those of TCP and UDP; one of SCTP is only held.
    ///
    /// - Parameter ports: The ports, which may be given up while they are served, and stay taken until the end.
    /// - Returns: What ends it, for all of them.
    /// - Throws: The error of listen(2) or setsockopt(2).
    package func serve(_ ports: [ProxiedPort]) throws(SystemError) -> Token {
        let number = last.withLock { last in
            last += 1
            return last
        }
        let served = ports.filter { $0.transport != .sctp }
        // Here and not on the thread: whoever comes from now on is served.
        for port in served {
            for socket in port.sockets { try Self.prepare(socket.number, isStream: port.transport == .tcp) }
        }
        mailbox.post(.serve(number, served))
        return Token(number: number)
    }

    /// How many connections may wait to be let in.
    private static let backlog: Int32 = 512

    private static func prepare(_ number: Int32, isStream: Bool) throws(SystemError) {
        if isStream {
            if listen(number, backlog) != 0 { throw SystemError("listen", errno) }
            return
        }
        var place = SocketAddress()
        if place.withMutablePointer({ getsockname(number, $0, &$1) }) != 0 { throw SystemError("getsockname", errno) }
        let isV6 = Int32(place.storage.ss_family) == AF_INET6
        try SystemError.check(clinux_datagram_prepare(number, isV6 ? 1 : 0), "setsockopt")
    }

    /// Ends serving ports, and every connection by them; when this returns the proxy has them no longer.
    ///
    /// It waits for the thread, which itself never waits for anybody.
    package func end(_ token: Token) {
        let gate = Gate()
        if mailbox.post(.end(token.number, gate)) { gate.wait() }
    }

    /// Ends serving all ports, for good; when this returns the proxy has them no longer.
    package func stop() {
        let gate = Gate()
        if mailbox.post(.stop(gate)) { gate.wait() }
    }
}

/// A port of the host, and where in a container it leads to (``HeldPort``).
package struct ProxiedPort: Sendable {
    let sockets: [SharedDescriptor]
    let transport: TransportProtocol
    let target: SocketAddress
}

/// What the thread is told.
enum ProxyCommand: Sendable {
    case serve(UInt64, [ProxiedPort])
    case end(UInt64, Gate)
    case stop(Gate?)
}

/// Whom an event of the proxy is about.
enum ProxyEvent: Equatable {
    case mailbox
    /// A socket of the host.
    case door(UInt32)
    case client(UInt32)
    case server(UInt32)
    /// The socket by which a container answers a client of UDP.
    case session(UInt32)

    var number: UInt64 {
        switch self {
        case .mailbox: 0
        case .door(let index): 1 << 32 | UInt64(index)
        case .client(let index): 2 << 32 | UInt64(index)
        case .server(let index): 3 << 32 | UInt64(index)
        case .session(let index): 4 << 32 | UInt64(index)
        }
    }

    init?(_ number: UInt64) {
        let index = UInt32(truncatingIfNeeded: number)
        switch number >> 32 {
        case 0: self = .mailbox
        case 1: self = .door(index)
        case 2: self = .client(index)
        case 3: self = .server(index)
        case 4: self = .session(index)
        default: return nil
        }
    }
}
