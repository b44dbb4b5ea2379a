// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Stream sockets of the local domain (unix(7)).
///
/// Those that are accepted do not block: a call that would is told by nil.
extension Descriptor {
    /// A socket that listens at a path, which only its user can reach.
    ///
    /// - Parameters:
    ///   - path: The path, where nothing is yet.
    ///   - backlog: How many connections may wait to be accepted.
    /// - Returns: The socket, which does not block.
    /// - Throws: `ENAMETOOLONG` for a path above the limit of unix(7), or the error of the call that failed.
    package static func listeningStream(at path: String, backlog: Int32 = 256) throws(SystemError) -> Descriptor {
        let socket = try stream(flags: SOCK_NONBLOCK.rawValue)
        let bound = try withAddress(of: path) { bind(socket.number, $0, $1) }
        if bound != 0 { throw SystemError("bind", errno, on: path) }
        if chmod(path, 0o600) != 0 { throw SystemError("chmod", errno, on: path) }
        if listen(socket.number, backlog) != 0 { throw SystemError("listen", errno, on: path) }
        return socket
    }

    /// A socket that is connected to the one that listens at a path.
    ///
    /// - Parameter path: The path.
    /// - Returns: The socket, which blocks.
    /// - Throws: The error of connect(2): `ENOENT` and `ECONNREFUSED` where nobody listens.
    package static func connectedStream(to path: String) throws(SystemError) -> Descriptor {
        let socket = try stream(flags: 0)
        while true {
            if try withAddress(of: path, { Glibc.connect(socket.number, $0, $1) }) == 0 { return socket }
            let failure = errno
            if failure != EINTR { throw SystemError("connect", failure, on: path) }
        }
    }

    private static func stream(flags: UInt32) throws(SystemError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | flags)
        let number = socket(AF_UNIX, type, 0)
        if number < 0 { throw SystemError("socket", errno) }
        return Descriptor(owning: number)
    }

    /// Calls a function with the address of a path.
    ///
    /// - Parameters:
    ///   - path: The path; one that begins with `@` is in the abstract namespace of unix(7).
    ///   - body: The function.
    /// - Returns: What it returned.
    /// - Throws: `ENAMETOOLONG`.
    private static func withAddress(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        guard !bytes.isEmpty, bytes.count < capacity else { throw SystemError("bind", ENAMETOOLONG, on: path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // The name of an abstract address is all of its bytes, so that its length counts.
        let length = MemoryLayout<sockaddr_un>.size - capacity + bytes.count + (isAbstract ? 0 : 1)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    /// Takes the next connection that waits.
    ///
    /// - Returns: The connection; nil where none waits.
    /// - Throws: The error of accept4(2).
    package borrowing func acceptStream() throws(SystemError) -> Descriptor? {
        while true {
            let result = clinux_accept(number, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            switch -result {
            case EAGAIN: return nil
            // The client has gone already.
            case EINTR, ECONNABORTED: continue
            default: return Descriptor(owning: try SystemError.check(result, "accept4"))
            }
        }
    }

    /// The user at the other end (`SO_PEERCRED` of unix(7)).
    package borrowing func peerUser() throws(SystemError) -> UInt32 {
        var user = uid_t()
        try SystemError.check(clinux_peer_user(number, &user), "getsockopt", on: "SO_PEERCRED")
        return user
    }

    /// Takes what has arrived.
    ///
    /// - Parameter limit: The most bytes to take.
    /// - Returns: The bytes, none at the end; nil where nothing has arrived yet.
    /// - Throws: The error of recv(2).
    package borrowing func receive(limit: Int) throws(SystemError) -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var result: Int
            repeat {
                result = recv(number, buffer.baseAddress, limit, Int32(MSG_DONTWAIT))
                failure = result < 0 ? errno : 0
            } while failure == EINTR
            count = max(0, result)
        }
        if failure == EAGAIN { return nil }
        if failure != 0 { throw SystemError("recv", failure) }
        return bytes
    }

    /// Sends as much as the socket takes.
    ///
    /// - Parameter bytes: The bytes.
    /// - Returns: How many were taken, 0 where there is no room.
    /// - Throws: The error of send(2), `EPIPE` where nobody reads any more.
    package borrowing func sendSome(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            let count = Glibc.send(number, bytes.baseAddress, bytes.count, flags)
            let failure = errno
            if count >= 0 { return count }
            if failure == EAGAIN { return 0 }
            if failure != EINTR { throw SystemError("send", failure) }
        }
    }

    /// Ends one direction: the other end then reads the end, or cannot write any more.
    ///
    /// - Parameter isOutput: Whether it is what this end writes.
    package borrowing func shutDown(isOutput: Bool) {
        // ENOTCONN is the only answer there can be; then there is nothing to end.
        _ = shutdown(number, Int32(isOutput ? SHUT_WR : SHUT_RD))
    }

    /// Sends one datagram to the socket at a path, as services notify their manager.
    ///
    /// - Parameters:
    ///   - text: What to send.
    ///   - path: The path, with `@` before one of the abstract namespace.
    /// - Throws: The error of sendto(2).
    package static func sendDatagram(_ text: String, to path: String) throws(SystemError) {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw SystemError("socket", errno) }
        let socket = Descriptor(owning: number)
        let bytes = Array(text.utf8)
        let result = try withAddress(of: path) { address, length in
            let sent = sendto(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            return sent < 0 ? -1 : 0
        }
        if result != 0 { throw SystemError("sendto", errno, on: path) }
    }
}
