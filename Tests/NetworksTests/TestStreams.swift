// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import NetlinkSupport
import Networks
import TestSupport

/// One end of a connection of TCP, which waits for what it is asked for; a minute at most.
final class TestStream: Sendable {
    let number: Int32

    init(owning number: Int32) {
        self.number = number
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Connects from a network.
    convenience init(to address: String, _ port: UInt16, in network: TestNetwork) throws {
        self.init(owning: try network.run { try TestNetwork.connected(.tcp, to: address, port) })
    }

    deinit { close(number) }

    /// Sends all bytes; false where nobody takes them.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Tells the other end that nothing more comes.
    func finish() { shutdown(number, Int32(SHUT_WR)) }

    /// All that comes until the end; nil where that is not a proper one.
    func receiveAll() -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            guard let piece = receive() else { return nil }
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// What comes next: nothing at the end, nil where the connection is lost.
    func receive(_ most: Int = 1 << 16) -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: most)
        let count = recv(number, &piece, most, 0)
        return count < 0 ? nil : Array(piece.prefix(count))
    }
}

/// Serves each connection on a thread of its own.
final class TestServer: Sendable {
    private let listener: SharedDescriptor

    init(_ port: UInt16, in network: TestNetwork, _ serve: @escaping @Sendable (TestStream) -> Void) throws {
        let number = try network.run { () throws -> Int32 in
            let number = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            if number < 0 { throw SystemError("socket", errno) }
            var place = sockaddr_in6()
            (place.sin6_family, place.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
            let result = withUnsafeBytes(of: place) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) { bind(number, $0.baseAddress, socklen_t(bytes.count)) }
            }
            if result != 0 || listen(number, 1024) != 0 { throw SystemError("listen", errno) }
            return number
        }
        let listener = SharedDescriptor(Descriptor(owning: number))
        self.listener = listener
        try BlockingCall.start {
            while true {
                let number = accept(listener.number, nil, nil)
                if number < 0 { return }
                let stream = TestStream(owning: number)
                guard (try? BlockingCall.start { serve(stream) }) != nil else { return }
            }
        }
    }

    deinit { shutdown(listener.number, Int32(SHUT_RDWR)) }
}
