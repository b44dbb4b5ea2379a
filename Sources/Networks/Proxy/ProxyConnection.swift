// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// A pipe that bytes pass through on their way from one socket to another, without coming to this process (splice(2)).
final class ProxyPipe {
    let pipe: Pipe

    init() throws(SystemError) { pipe = try Pipe() }
}

/// Pipes that nobody uses just now: a connection has one only while bytes are on their way.
final class PipePool {
    private var free: [ProxyPipe] = []
    private static let most = 64

    func take() throws(SystemError) -> ProxyPipe {
        if let pipe = free.popLast() { return pipe }
        return try ProxyPipe()
    }

    /// Takes back a pipe that is empty.
    func put(_ pipe: ProxyPipe) {
        if free.count < Self.most { free.append(pipe) }
    }
}

/// One direction of a connection.
struct ProxyPump {
    /// Nothing more comes.
    private(set) var hasEnded = false
    /// The end has been passed on.
    private(set) var isOver = false
    private var pipe: ProxyPipe?
    private var waiting = 0

    /// How much goes at once, which a pipe of the usual size holds, and how often before others have their turn.
    private static let piece = 1 << 16
    private static let turns = 16

    /// Whether it is to be told when there is something to take.
    var wantsInput: Bool { !hasEnded && waiting == 0 }
    /// Whether it is to be told when there is room again.
    var wantsRoom: Bool { waiting > 0 }

    /// Passes on what there is.
    ///
    /// - Parameters:
    ///   - source: The number of the socket that it comes from; nil where it has been closed, at its end.
    ///   - target: The number of the socket that it goes to.
    ///   - pipes: Where it has its pipe from.
    /// - Returns: False where the connection is broken.
    mutating func move(from source: Int32?, to target: Int32, _ pipes: PipePool) -> Bool {
        for _ in 0..<Self.turns {
            if waiting == 0, !hasEnded {
                guard let source, let pipe = pipe ?? (try? pipes.take()) else { return false }
                self.pipe = pipe
                let count = Self.splice(source, pipe.pipe.writer.number, Self.piece)
                if count == -Int64(EAGAIN) { break }
                if count < 0 { return false }
                if count == 0 { hasEnded = true }
                waiting = Int(count)
            }
            if waiting > 0, let pipe {
                let count = Self.splice(pipe.pipe.reader.number, target, waiting)
                if count == -Int64(EAGAIN) { return true }
                if count <= 0 { return false }
                waiting -= Int(count)
            }
            if hasEnded, waiting == 0 {
                isOver = true
                shutdown(target, Int32(SHUT_WR))
                break
            }
        }
        if waiting == 0, let pipe {
            pipes.put(pipe)
            self.pipe = nil
        }
        return true
    }

    private static func splice(_ source: Int32, _ target: Int32, _ size: Int) -> Int64 {
        // SPLICE_F_MOVE and SPLICE_F_NONBLOCK of splice(2).
        while true {
            let count = clinux_splice(source, target, size, 1 | 2)
            if count != -Int64(EINTR) { return count }
        }
    }
}

/// A client's connection, and the one to the container that it is passed on to.
final class ProxyConnection {
    /// One of the two sockets.
    struct Side {
        fileprivate var socket: SharedDescriptor?
        /// What is being waited for.
        fileprivate var events: UInt32 = 0

        var number: Int32? { socket?.number }
    }

    let door: UInt32
    private(set) var client: Side
    private(set) var server: Side
    private var up = ProxyPump()
    private var down = ProxyPump()
    private(set) var isConnected = false
    /// When the container must have taken the connection.
    let deadline: UInt64

    /// How long that may take, in milliseconds.
    private static let patience: UInt64 = 10_000

    /// Begins to connect with the container; nil where that cannot be, and the client's connection is reset.
    ///
    /// - Parameters:
    ///   - client: The client's socket, which does not wait.
    ///   - door: Where it came in.
    ///   - target: Where to.
    init?(_ client: consuming Descriptor, by door: UInt32, to target: SocketAddress) {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(Int32(target.storage.ss_family), flags, 0)
        self.door = door
        self.client = Side(socket: SharedDescriptor(client))
        server = Side()
        deadline = DeadlineWatch.now + Self.patience
        guard number >= 0 else {
            reset()
            return nil
        }
        server.socket = SharedDescriptor(Descriptor(owning: number))
        for side in [self.client, server] { side.socket.map(Self.prepare) }
        if target.withPointer({ connect(number, $0, $1) }) != 0, errno != EINPROGRESS {
            reset()
            return nil
        }
    }

    private static func prepare(_ socket: SharedDescriptor) {
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // What the ends send in small pieces goes on in small pieces; and an end that has vanished is noticed one day.
        setsockopt(socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
        setsockopt(socket.number, SOL_SOCKET, SO_KEEPALIVE, &yes, size)
    }

    /// Passes on what there is.
    ///
    /// - Parameter pipes: Where pipes come from.
    /// - Returns: Whether it goes on.
    func proceed(_ pipes: PipePool) -> Bool {
        guard isConnected || connected() else { return !hasFailed }
        // A side that is not there any more has had its part.
        if !up.isOver {
            guard let target = server.number, up.move(from: client.number, to: target, pipes) else { return false }
        }
        if !down.isOver {
            guard let target = client.number, down.move(from: server.number, to: target, pipes) else { return false }
        }
        // The kernel would tell of it again and again that both of its directions are at their end.
        if up.hasEnded, down.isOver { client.socket = nil }
        if down.hasEnded, up.isOver { server.socket = nil }
        return !up.isOver || !down.isOver
    }

    private var hasFailed = false

    private func connected() -> Bool {
        guard let number = server.number else { return false }
        var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, 0) == 1 else { return false }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &size)
        hasFailed = failure != 0
        isConnected = failure == 0
        return isConnected
    }

    /// Waits for what is of use now, and for nothing else: an end that has gone would be told again and again.
    ///
    /// - Parameters:
    ///   - index: The number of the connection.
    ///   - queue: Where it waits.
    /// - Returns: False where there is no memory for it.
    func register(_ index: UInt32, _ queue: borrowing EventQueue) -> Bool {
        var (ofClient, ofServer) = (UInt32(0), EventQueue.writable)
        if isConnected {
            ofClient = Self.events(input: up.wantsInput, room: down.wantsRoom)
            ofServer = Self.events(input: down.wantsInput, room: up.wantsRoom)
        }
        return Self.register(&client, ofClient, .client(index), queue)
            && Self.register(&server, ofServer, .server(index), queue)
    }

    private static func events(input: Bool, room: Bool) -> UInt32 {
        (input ? EventQueue.readable : 0) | (room ? EventQueue.writable : 0)
    }

    private static func register(
        _ side: inout Side,
        _ events: UInt32,
        _ event: ProxyEvent,
        _ queue: borrowing EventQueue
    ) -> Bool {
        guard let number = side.number, events != side.events else { return true }
        let isNew = side.events == 0
        side.events = events
        if events == 0 {
            queue.remove(number)
        } else if isNew {
            return (try? queue.add(number, events, token: event.number)) != nil
        } else {
            queue.change(number, events, token: event.number)
        }
        return true
    }

    /// Closes what is left of it: an end that has not come to its end is told so.
    func end() {
        if up.isOver, down.isOver {
            (client.socket, server.socket) = (nil, nil)
        } else {
            reset()
        }
    }

    /// Has both ends told that the connection was lost, and not that it came to its end.
    func reset() {
        var lingering = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        for number in [client.number, server.number].compactMap(\.self) {
            setsockopt(number, SOL_SOCKET, SO_LINGER, &lingering, size)
        }
        (client.socket, server.socket) = (nil, nil)
    }
}
