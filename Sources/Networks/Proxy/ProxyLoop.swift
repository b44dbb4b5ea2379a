// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// What the thread of a ``PortProxy`` does: it waits for all sockets in one place, and each has its turn.
final class ProxyLoop {
    /// A socket of the host at which clients arrive.
    private struct Door {
        let socket: SharedDescriptor
        let isStream: Bool
        let target: SocketAddress
        var connections = 0
        /// Whether nobody is let in just now.
        var isShut = false
    }

    private let mailbox: Mailbox<ProxyCommand>
    private let events: SharedEventQueue
    private let sessions: DatagramSessions
    private let pipes = PipePool()
    private var doors: [UInt32: Door] = [:]
    private var tokens: [UInt64: [UInt32]] = [:]
    private var connections: [UInt32: ProxyConnection] = [:]
    private var lastIndex: UInt32 = 0
    /// When connections must be there, and when doors are tried again.
    private var deadlines = DeadlineWatch()
    private var retry = DeadlineWatch()
    private var isEnding = false
    /// Who waits for the end.
    private var waiting: [Gate] = []

    /// How many clients are let in before others have their turn.
    private static let batch = 16
    /// The most connections by one socket of the host; more wait before it.
    private static let most = 4096
    /// The most of all, and the most clients of UDP: the process needs most of its descriptors for other things.
    private let mostOfAll: Int
    /// How long to wait, in milliseconds, until somebody is let in again where there was no memory or no descriptor for it.
    private static let pause: UInt64 = 100

    init(_ mailbox: Mailbox<ProxyCommand>, _ events: SharedEventQueue, datagramPatience: UInt64, most: Int?) {
        self.mailbox = mailbox
        self.events = events
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        // A connection has two, and a client of UDP one.
        mostOfAll = most ?? max(64, Int(clamping: limit.rlim_cur) / 8)
        sessions = DatagramSessions(events, patience: datagramPatience, mostOfAll: mostOfAll)
    }

    /// Serves until the proxy is given up.
    func run() {
        while !isEnding {
            let timeout = min(deadlines.timeout, retry.timeout, sessions.deadlines.timeout)
            for token in events.queue.wait(timeout == .max ? -1 : timeout) {
                switch ProxyEvent(token) {
                case .mailbox: for command in mailbox.take() { obey(command) }
                case .door(let index): letIn(index)
                case .client(let index), .server(let index): proceed(index)
                case .session(let index): sessions.answer(index) { doors[$0]?.socket.number }
                case nil: break
                }
            }
            if deadlines.isOver { giveUpConnecting() }
            if retry.isOver { openAgain() }
            if sessions.deadlines.isOver { sessions.expire() }
        }
        end()
    }

    /// Lets go of all ports, and tells whoever waits for it.
    func end() {
        for command in mailbox.close() { obey(command) }
        close(Array(doors.keys))
        for gate in waiting { gate.open() }
    }

    // MARK: Commands

    private func obey(_ command: ProxyCommand) {
        switch command {
        case .serve(let token, let ports):
            for port in ports {
                for socket in port.sockets {
                    begin(token, Door(socket: socket, isStream: port.transport == .tcp, target: port.target))
                }
            }
        case .end(let token, let gate):
            close(tokens.removeValue(forKey: token) ?? [])
            gate.open()
        case .stop(let gate):
            isEnding = true
            if let gate { waiting.append(gate) }
        }
    }

    private func begin(_ token: UInt64, _ door: Door) {
        let (number, index) = (door.socket.number, nextIndex())
        // Without memory for it the port stays as it was, held and not served.
        guard (try? events.queue.add(number, token: ProxyEvent.door(index).number)) != nil else { return }
        doors[index] = door
        tokens[token, default: []].append(index)
    }

    private func close(_ indices: [UInt32]) {
        let closing = Set(indices)
        for (number, connection) in connections where closing.contains(connection.door) {
            connection.reset()
            connections[number] = nil
        }
        for index in indices { close(index) }
        // There may be room again.
        openAgain()
    }

    private func close(_ index: UInt32) {
        guard let door = doors.removeValue(forKey: index) else { return }
        // The socket lives on where the port is held on.
        if !door.isShut { events.queue.remove(door.socket.number) }
        if door.isStream { listen(door.socket.number, 0) }
        sessions.end(index)
    }

    private func nextIndex() -> UInt32 {
        lastIndex &+= 1
        return lastIndex
    }

    // MARK: Doors

    private func letIn(_ index: UInt32) {
        guard let door = doors[index] else { return }
        guard door.isStream else { return sessions.passOn(from: index, door.socket.number, to: door.target) }
        for _ in 0..<Self.batch {
            guard isRoom(for: doors[index]) else { return shut(index) }
            let number = clinux_accept(door.socket.number, Int32(SOCK_NONBLOCK.rawValue))
            if number < 0 {
                // With any other answer somebody has gone again, or nobody is there.
                guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(-number) else { return }
                retry.note(DeadlineWatch.now + Self.pause)
                return shut(index)
            }
            let accepted = Descriptor(owning: number)
            guard let connection = ProxyConnection(accepted, by: index, to: door.target) else { continue }
            let token = nextIndex()
            self.connections[token] = connection
            doors[index]?.connections += 1
            deadlines.note(connection.deadline)
            if !connection.register(token, events.queue) { drop(token, connection) }
        }
    }

    private func isRoom(for door: Door?) -> Bool {
        guard let door else { return false }
        return door.connections < Self.most && connections.count < mostOfAll
    }

    private func shut(_ index: UInt32) {
        guard let door = doors[index], !door.isShut else { return }
        events.queue.remove(door.socket.number)
        doors[index]?.isShut = true
    }

    private func open(_ index: UInt32) {
        guard let door = doors[index], door.isShut, isRoom(for: door) else { return }
        if (try? events.queue.add(door.socket.number, token: ProxyEvent.door(index).number)) != nil {
            doors[index]?.isShut = false
        } else {
            retry.note(DeadlineWatch.now + Self.pause)
        }
    }

    private func openAgain() {
        retry.begin(again: [])
        for index in doors.keys { open(index) }
    }

    // MARK: Connections

    private func proceed(_ index: UInt32) {
        guard let connection = connections[index] else { return }
        if connection.proceed(pipes), connection.register(index, events.queue) { return }
        drop(index, connection)
    }

    private func drop(_ index: UInt32, _ connection: ProxyConnection) {
        connection.end()
        let wasFull = connections.count >= mostOfAll
        connections[index] = nil
        doors[connection.door]?.connections -= 1
        if wasFull { openAgain() } else { open(connection.door) }
    }

    private func giveUpConnecting() {
        let now = DeadlineWatch.now
        for (index, connection) in connections where !connection.isConnected && connection.deadline <= now {
            drop(index, connection)
        }
        deadlines.begin(again: connections.values.lazy.filter { !$0.isConnected }.map(\.deadline))
    }
}
