// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// What the thread of a ``DNSServer`` does: it waits for all sockets in one place, and each has its turn.
final class DNSLoop {
    /// A container that is answered.
    private struct Client {
        let sockets: SharedDNSSockets
        var responder: DNSResponder
        var connections = 0
    }

    private let mailbox: Mailbox<DNSCommand>
    private let events: SharedEventQueue
    private let forwarder: DNSForwarder
    private var clients: [UInt32: Client] = [:]
    private var indices: [String: UInt32] = [:]
    private var networks: [String: NameTable] = [:]
    private var connections: [UInt32: DNSConnection] = [:]
    private var lastIndex: UInt32 = 0
    private var turn = 0
    private var buffer = [UInt8](repeating: 0, count: 4096)
    private var deadlines = DeadlineWatch()
    private var isEnding = false
    /// Who waits for the end.
    private var waiting: [Gate] = []

    /// How many datagrams of one container are answered before another one has its turn.
    private static let batch = 32
    /// The most connections of a container, and of all.
    private static let mostConnections = 64
    private static let mostConnectionsOfAll = 1024

    init(_ mailbox: Mailbox<DNSCommand>, _ events: SharedEventQueue, _ upstream: DNSForwarder.Settings) {
        self.mailbox = mailbox
        self.events = events
        forwarder = DNSForwarder(events, upstream)
    }

    /// Serves until the server is given up.
    func run() {
        while !isEnding {
            let timeout = min(deadlines.timeout, forwarder.deadlines.timeout)
            for token in events.queue.wait(timeout == .max ? -1 : timeout) {
                switch EventToken(token) {
                case .mailbox: for command in mailbox.take() { obey(command) }
                case .datagrams(let index): answerDatagrams(index)
                case .listener(let index): accept(index)
                case .connection(let index): serve(index)
                case .exchange(let index): deliver(forwarder.goOn(index))
                case nil: break
                }
            }
            if deadlines.isOver { closeIdleConnections() }
            if forwarder.deadlines.isOver { for reply in forwarder.expire() { deliver(reply) } }
        }
        for command in mailbox.close() { obey(command) }
        connections = [:]
        clients = [:]
        for gate in waiting { gate.open() }
    }

    // MARK: Commands

    private func obey(_ command: DNSCommand) {
        switch command {
        case .serve(let name, let sockets, let view): begin(name, sockets, view)
        case .update(let name, let view):
            guard let index = indices[name] else { return }
            clients[index]?.responder = DNSResponder(view, networks)
        case .define(let network, let table): define(network, table)
        case .close(let name): close(name)
        case .stop(let gate):
            isEnding = true
            if let gate { waiting.append(gate) }
        }
    }

    private func define(_ network: String, _ table: NameTable?) {
        networks[network] = table
        for (index, client) in clients where client.responder.view.networks.contains(network) {
            clients[index]?.responder = DNSResponder(client.responder.view, networks)
        }
    }

    private func begin(_ name: String, _ sockets: SharedDNSSockets, _ view: DNSView) {
        close(name)
        let index = nextIndex()
        do throws(SystemError) {
            try events.queue.add(sockets.sockets.datagrams.number, token: EventToken.datagrams(index).number)
            try events.queue.add(sockets.sockets.listener.number, token: EventToken.listener(index).number)
        } catch {
            // Without memory for it the container is not answered: whoever asks sees closed sockets.
            return
        }
        clients[index] = Client(sockets: sockets, responder: DNSResponder(view, networks))
        indices[name] = index
    }

    private func close(_ name: String) {
        guard let index = indices.removeValue(forKey: name) else { return }
        if let client = clients.removeValue(forKey: index) {
            // They are not closed as long as somebody else has them.
            for number in client.sockets.numbers { events.queue.remove(number) }
        }
        for (number, connection) in connections where connection.client == index { connections[number] = nil }
    }

    private func nextIndex() -> UInt32 {
        lastIndex &+= 1
        return lastIndex
    }

    // MARK: Datagrams

    private func answerDatagrams(_ index: UInt32) {
        guard let client = clients[index] else { return }
        let number = client.sockets.sockets.datagrams.number
        for _ in 0..<Self.batch {
            var sender = SocketAddress()
            let count = buffer.withUnsafeMutableBytes { bytes in
                sender.withMutablePointer {
                    recvfrom(number, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT), $0, &$1)
                }
            }
            if count < 0 { return }
            let message = Array(buffer.prefix(count))
            turn &+= 1
            switch client.responder.decide(on: message, turn: turn) {
            case .answer(let bytes): Self.send(bytes, to: sender, by: number)
            case .forward:
                let way = DNSForwarder.ReplyTo.datagram(index, sender)
                deliver(forwarder.ask(message, for: way, servers: client.responder.view.servers))
            case .drop: break
            }
        }
    }

    private static func send(_ bytes: [UInt8], to receiver: SocketAddress, by number: Int32) {
        // Where there is no room, the answer is lost as datagrams are, and asked for again.
        _ = receiver.withPointer {
            sendto(number, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, $1)
        }
    }

    /// Passes an answer on to whoever waits for it, if anybody does.
    private func deliver(_ reply: DNSForwarder.Reply?) {
        guard let reply else { return }
        switch reply.way {
        case .datagram(let index, let sender):
            guard let client = clients[index] else { return }
            Self.send(reply.message, to: sender, by: client.sockets.sockets.datagrams.number)
        case .connection(let index):
            guard let connection = connections[index] else { return }
            connection.waiting -= 1
            connection.queue(reply.message)
            settle(connection, index)
        }
    }

    // MARK: Connections

    private func accept(_ index: UInt32) {
        guard let client = clients[index] else { return }
        let flags = Int32(SOCK_NONBLOCK.rawValue)
        let number = clinux_accept(client.sockets.sockets.listener.number, flags)
        if number < 0 { return }
        let connection = DNSConnection(Descriptor(owning: number), of: index)
        guard client.connections < Self.mostConnections, connections.count < Self.mostConnectionsOfAll else { return }
        let token = nextIndex()
        guard (try? events.queue.add(number, token: EventToken.connection(token).number)) != nil else { return }
        connections[token] = connection
        clients[index]?.connections += 1
        deadlines.note(connection.deadline)
    }

    private func serve(_ index: UInt32) {
        guard let connection = connections[index], let client = clients[connection.client] else { return }
        for message in connection.receive() {
            turn &+= 1
            switch client.responder.decide(on: message, limit: Int(UInt16.max), turn: turn) {
            case .answer(let bytes): connection.queue(bytes)
            case .forward:
                connection.waiting += 1
                let way = DNSForwarder.ReplyTo.connection(index)
                deliver(forwarder.ask(message, for: way, servers: client.responder.view.servers))
            case .drop: connection.isBroken = true
            }
        }
        settle(connection, index)
    }

    /// Sends what a connection has, and sees what is to be waited for.
    private func settle(_ connection: DNSConnection, _ index: UInt32) {
        guard connections[index] === connection else { return }
        connection.flush()
        guard !connection.isOver else { return drop(index) }
        events.queue.change(connection.number, connection.events, token: EventToken.connection(index).number)
        deadlines.note(connection.deadline)
    }

    private func drop(_ index: UInt32) {
        guard let connection = connections.removeValue(forKey: index) else { return }
        clients[connection.client]?.connections -= 1
    }

    private func closeIdleConnections() {
        let now = DeadlineWatch.now
        for (index, connection) in connections where connection.deadline <= now { drop(index) }
        deadlines.begin(again: connections.values.lazy.map(\.deadline))
    }
}
