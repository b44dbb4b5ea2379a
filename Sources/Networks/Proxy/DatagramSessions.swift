// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// A client of UDP, and the socket by which the container answers it.
final class DatagramSession {
    let door: UInt32
    let ends: clinux_datagram_ends
    let socket: Descriptor
    fileprivate(set) var deadline: UInt64 = 0

    fileprivate init(_ door: UInt32, _ ends: clinux_datagram_ends, _ socket: consuming Descriptor) {
        self.door = door
        self.ends = ends
        self.socket = socket
    }
}

/// The clients of all ports of UDP.
final class DatagramSessions {
    /// One client: where it asks, from where, and at which address of the host.
    private struct Key: Hashable {
        let door: UInt32
        let bytes: [UInt8]

        init(_ door: UInt32, _ ends: clinux_datagram_ends) {
            self.door = door
            bytes = withUnsafeBytes(of: ends, Array.init)
        }
    }

    private let events: SharedEventQueue
    /// How long a client may be silent, in milliseconds.
    private let patience: UInt64
    private var sessions: [UInt32: DatagramSession] = [:]
    private var indices: [Key: UInt32] = [:]
    private var counts: [UInt32: Int] = [:]
    private var lastIndex: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private(set) var deadlines = DeadlineWatch()

    /// How many datagrams go on before others have their turn.
    private static let batch = 32
    /// The most clients of one port; the one that has been silent for the longest time goes for one more.
    private static let most = 1024

    init(_ events: SharedEventQueue, patience: UInt64) {
        self.events = events
        self.patience = patience
    }

    /// Passes on what clients have sent to a port.
    func passOn(from door: UInt32, _ number: Int32, to target: SocketAddress) {
        for _ in 0..<Self.batch {
            var ends = clinux_datagram_ends()
            let count = buffer.withUnsafeMutableBytes { bytes -> Int64 in
                guard let start = bytes.baseAddress else { return -1 }
                return clinux_datagram_receive(number, start, bytes.count, &ends)
            }
            if count < 0 { return }
            guard let session = session(of: door, ends, to: target) else { continue }
            session.deadline = DeadlineWatch.now + patience
            // Where there is no room it is lost, as datagrams are. The first call may tell of an earlier one's fate.
            for _ in 0..<2 {
                let sent = send(session.socket.number, buffer, Int(count), Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
                if sent >= 0 || errno != ECONNREFUSED { break }
            }
        }
    }

    private func session(
        of door: UInt32,
        _ ends: clinux_datagram_ends,
        to target: SocketAddress
    ) -> DatagramSession? {
        let key = Key(door, ends)
        if let session = indices[key].flatMap({ sessions[$0] }) { return session }
        if counts[door, default: 0] >= Self.most {
            let oldest = sessions.filter { $0.value.door == door }.min { $0.value.deadline < $1.value.deadline }
            if let oldest { drop(oldest.key) }
        }
        let flags = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(Int32(target.storage.ss_family), flags, 0)
        if number < 0 { return nil }
        let descriptor = Descriptor(owning: number)
        lastIndex &+= 1
        guard target.withPointer({ connect(number, $0, $1) }) == 0,
            (try? events.queue.add(number, token: ProxyEvent.session(lastIndex).number)) != nil
        else { return nil }
        let session = DatagramSession(door, ends, descriptor)
        session.deadline = DeadlineWatch.now + patience
        deadlines.note(session.deadline)
        (sessions[lastIndex], indices[key]) = (session, lastIndex)
        counts[door, default: 0] += 1
        return session
    }

    /// Passes on what a container has answered.
    ///
    /// - Parameters:
    ///   - index: Whose event it is.
    ///   - socket: The number of the socket of the host that a port has.
    func answer(_ index: UInt32, by socket: (UInt32) -> Int32?) {
        guard let session = sessions[index], let number = socket(session.door) else { return }
        for _ in 0..<Self.batch {
            let count = recv(session.socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            // A container that does not listen is silence for its client, as a lost datagram would be.
            if count < 0 { return }
            session.deadline = DeadlineWatch.now + patience
            var ends = session.ends
            clinux_datagram_send(number, buffer, count, &ends)
        }
    }

    /// Forgets the clients of a port.
    func end(_ door: UInt32) {
        for (index, session) in sessions where session.door == door { drop(index) }
        counts[door] = nil
    }

    /// Forgets clients that have been silent for too long.
    func expire() {
        let now = DeadlineWatch.now
        for (index, session) in sessions where session.deadline <= now { drop(index) }
        deadlines.begin(again: sessions.values.lazy.map(\.deadline))
    }

    private func drop(_ index: UInt32) {
        guard let session = sessions.removeValue(forKey: index) else { return }
        indices[Key(session.door, session.ends)] = nil
        counts[session.door, default: 0] -= 1
    }
}
