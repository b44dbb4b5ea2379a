// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@Suite struct `Local sockets` {
    private let scratch: Scratch
    private let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch / "socket"
    }

    /// The client that waits.
    private func accepted(by listener: borrowing Descriptor) throws -> Descriptor {
        guard let client = try listener.acceptStream() else { throw SystemFailure(message: "nobody waits") }
        return client
    }

    @Test func `bytes go from one end to the other, with its user`() throws {
        let listener = try Descriptor.listeningStream(at: path)
        var isEmpty = false
        if case nil = try listener.acceptStream() { isEmpty = true }
        #expect(isEmpty)
        let client = try Descriptor.connectedStream(to: path)
        let server = try accepted(by: listener)
        #expect(try server.peerUser() == geteuid())
        #expect(try server.receive(limit: 10) == nil)
        #expect(try [1, 2, 3].withUnsafeBytes { try client.sendSome($0) } > 0)
        #expect(try server.receive(limit: 1) == [1])
        client.shutDown(isOutput: true)
        while try server.receive(limit: 64) != [] {}
    }

    @Test func `only its user can reach it`() throws {
        let listener = try Descriptor.listeningStream(at: path)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        _ = listener.number
    }

    @Test func `a path has a limit`() {
        let long = "/" + String(repeating: "a", count: 107)
        #expect(throws: SystemError("bind", ENAMETOOLONG, on: long)) {
            _ = try Descriptor.listeningStream(at: long)
        }
        #expect(throws: SystemError("connect", ENOENT, on: path)) {
            _ = try Descriptor.connectedStream(to: path)
        }
    }

    @Test func `whoever has gone is told from whoever has said everything`() async throws {
        let listener = try Descriptor.listeningStream(at: path)
        let number = try Descriptor.connectedStream(to: path).release()
        let server = try accepted(by: listener)
        shutdown(number, Int32(SHUT_WR))
        // The end of the input is there, and nobody has gone.
        try await Reactor.shared.wait(for: server.number, .readable)
        #expect(try server.receive(limit: 1) == [])
        var request = pollfd(fd: server.number, events: 0, revents: 0)
        #expect(poll(&request, 1, 0) == 0)
        let server2 = server.number
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Reactor.shared.wait(for: server2, .hangup) }
            // Both wait for the same descriptor.
            group.addTask { try await Reactor.shared.wait(for: server2, .writable) }
            try await group.next()
            close(number)
            try await group.waitForAll()
        }
        #expect(poll(&request, 1, 0) == 1)
    }

    @Test func `a wait for the other end to go can be given up`() async throws {
        let listener = try Descriptor.listeningStream(at: path)
        let client = try Descriptor.connectedStream(to: path)
        let number = try accepted(by: listener).release()
        defer { close(number) }
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Reactor.shared.wait(for: number, .hangup) }
                group.cancelAll()
                try await group.next()
            }
        }
        _ = client.number
    }
}
