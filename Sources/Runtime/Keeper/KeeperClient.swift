// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import Glibc
package import Linux

/// What went wrong between the engine and its keeper.
package enum KeeperError: Error, Equatable, CustomStringConvertible {
    /// The keeper could not be started or reached.
    case unreachable(SystemError)
    /// It ended before it served its socket; the text is what it said.
    case notStarted(String)
    /// It refused a request.
    case refused(String, SystemError)
    /// It closed the connection without an answer, or sent what this version does not know.
    case noAnswer(String)

    package var description: String {
        switch self {
        case .unreachable(let error): "cannot reach the keeper: \(error)"
        case .notStarted(let text): "the keeper did not start: \(text)"
        case .refused(let request, let error): "the keeper refused to \(request): \(error)"
        case .noAnswer(let request): "the keeper gave no answer when it was asked to \(request)"
        }
    }
}

/// A process that the keeper keeps: one that it launched or adopted and that has not been forgotten.
package struct KeptProcess: ~Copyable, Sendable {
    /// How a process is.
    package enum State: Equatable, Sendable {
        case running
        case ended(ProcessEnd)
        /// It ended while nobody could learn how.
        case lost
        /// Its program never ran, for the reason of this error; `ECANCELED` where its gate was closed.
        case failed(Int32)
    }

    /// The name that it was launched with.
    package let name: String
    package let pid: Int32
    package let state: State
    /// When it ended, in nanoseconds since 1970.
    package let ended: UInt64
    /// Whether its program does not run yet, as far as the keeper knows.
    package let isStarting: Bool
    package let pidfd: Descriptor
}

/// Where a stream of a process is written.
package struct LogTarget: Sendable {
    /// The directory; it must exist.
    package var directory: String
    /// 1 for standard output, 2 for standard error.
    package var stream: UInt32
    /// The size in bytes at which a segment is followed by the next one.
    package var segmentSize: UInt64 = 10 << 20
    /// How many segments are kept.
    package var segmentCount: UInt32 = 3
    /// The number of the segment to go on with.
    package var firstSegment: UInt32 = 0
    /// The number of a descriptor of a pipe by which a keeper moves what comes fast; nil for none.
    ///
    /// It is open for reading and writing (``Pipe/relay()``). Somebody else should hold it too, and give it to the next keeper.
    package var relay: Int32?

    package init(directory: String, stream: UInt32) {
        self.directory = directory
        self.stream = stream
    }

    /// What the source of a stream is called among the descriptors that are held for a process.
    package static func sourceTag(of stream: UInt32) -> UInt32 { UInt32(KEEPER_SOURCE) + stream }

    /// What the relay of a stream is called there.
    package static func relayTag(of stream: UInt32) -> UInt32 { UInt32(KEEPER_RELAY) + stream }
}

/// Talks to the keeper behind a socket; each request is a connection of its own.
package struct KeeperClient: Sendable {
    /// The path of the keeper's socket.
    package let socket: String

    package init(socket: String) {
        self.socket = socket
    }

    /// Starts a keeper and waits until it serves its socket.
    ///
    /// - Parameters:
    ///   - program: The path of `wharf-keeper`.
    ///   - socket: Where it listens; the directory must be ours alone.
    /// - Returns: Its client.
    /// - Throws: Why there is none.
    package static func start(_ program: String, socket: String) throws(KeeperError) -> KeeperClient {
        let pipe: Pipe
        do { pipe = try Pipe() } catch { throw .unreachable(error) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe.writer.number, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipe.writer.number, STDERR_FILENO)
        var pid: pid_t = 0
        var arguments = [strdup(program), strdup(socket), nil]
        defer { for argument in arguments { free(argument) } }
        let failure = posix_spawn(&pid, program, &actions, nil, &arguments, environ)
        if failure != 0 { throw .unreachable(SystemError("posix_spawn", failure, on: program)) }
        let text = pipe.split { reader, writer in
            close(writer.release())
            return firstLine(of: reader)
        }
        guard text == "ready" else {
            waitpid(pid, nil, 0)
            throw .notStarted(text)
        }
        return KeeperClient(socket: socket)
    }

    private static func firstLine(of reader: borrowing Descriptor) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(reader.number, &byte, 1) == 1, byte != UInt8(ascii: "\n"), bytes.count < 4096 { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The keeper's process number.
    package func hello() throws(KeeperError) -> Int32 {
        try ask(KEEPER_HELLO, "say hello").pid
    }

    /// Everything that it keeps.
    ///
    /// - Parameter body: Gets each process.
    /// - Throws: Why the list is not complete.
    package func forEachProcess(_ body: (consuming KeptProcess) -> Void) throws(KeeperError) {
        let connection = try connect()
        try connection.send(KEEPER_LIST, "list its processes")
        while let answer = try connection.receive("list its processes") {
            if let process = KeptProcess(answer) { body(process) }
        }
    }

    /// Forgets a process that has ended, and closes what was held for it.
    package func forget(_ name: String) throws(KeeperError) {
        _ = try ask(KEEPER_FORGET, "forget \(name)", name: name)
    }

    /// Hands over a process that an earlier keeper launched.
    package func adopt(_ name: String, pid: Int32, pidfd: borrowing Descriptor) throws(KeeperError) {
        _ = try ask(KEEPER_ADOPT, "adopt \(name)", name: name, pid: pid, descriptors: [pidfd.number])
    }

    /// Keeps a descriptor open for as long as the process is kept.
    package func hold(_ descriptor: borrowing Descriptor, as tag: UInt32, for name: String) throws(KeeperError) {
        _ = try ask(
            KEEPER_HOLD,
            "hold a descriptor for \(name)",
            name: name,
            tag: tag,
            descriptors: [descriptor.number]
        )
    }

    /// Keeps sockets open for as long as the process runs: when it has ended, others may have what they had.
    ///
    /// - Parameters:
    ///   - numbers: The numbers of the sockets, each for a tag (``socketTags``) from the first one on.
    ///   - name: The process.
    /// - Throws: Why they are not kept: `ENOSPC` where there are more than the keeper has room for.
    package func holdSockets(_ numbers: [Int32], for name: String) throws(KeeperError) {
        let words = "hold the sockets of \(name)"
        var (rest, tag) = (numbers[...], UInt32(KEEPER_SOCKETS))
        guard numbers.count <= Self.socketTags.count else {
            throw .refused(words, SystemError("request", ENOSPC, on: name))
        }
        var width = Int(KEEPER_PACKET_DESCRIPTORS)
        while !rest.isEmpty {
            let part = Array(rest.prefix(width))
            do throws(KeeperError) {
                _ = try ask(KEEPER_HOLD, words, name: name, tag: tag, descriptors: part)
            } catch {
                // A keeper that an older engine has started takes one at a time.
                guard case .refused(_, let reason) = error, reason.number == EINVAL, width > 1 else { throw error }
                width = 1
                continue
            }
            rest = rest.dropFirst(part.count)
            tag += UInt32(part.count)
        }
    }

    /// The tags of what is let go when the process ends.
    package static let socketTags = UInt32(KEEPER_SOCKETS)..<UInt32(KEEPER_SOURCE)

    /// All that is held for a process, by their tags.
    ///
    /// - Parameters:
    ///   - name: The process.
    ///   - body: Gets each tag and descriptor.
    /// - Throws: Why the list is not complete.
    package func forEachHeld(
        of name: String,
        _ body: (UInt32, consuming Descriptor) -> Void
    ) throws(KeeperError) {
        let words = "give back the descriptors of \(name)"
        let connection = try connect()
        try connection.send(KEEPER_FETCH, words, name: name)
        while let answer = try connection.receive(words) {
            let tag = answer.tag
            if let descriptor = answer.takeDescriptor() { body(tag, descriptor) }
        }
    }

    /// Closes a descriptor that is held for a process; it is fine where there is none with that tag.
    package func release(_ tag: UInt32, of name: String) throws(KeeperError) {
        _ = try ask(KEEPER_RELEASE, "let go of a descriptor of \(name)", name: name, tag: tag)
    }

    /// A descriptor that is held for a process; nil where there is none with that tag.
    package func fetch(_ tag: UInt32, of name: String) throws(KeeperError) -> Descriptor? {
        let request = "give back a descriptor of \(name)"
        let connection = try connect()
        try connection.send(KEEPER_FETCH, request, name: name)
        while let answer = try connection.receive(request) {
            if answer.tag == tag { return answer.takeDescriptor() }
        }
        return nil
    }

    /// Moves what a process writes into a log (`keeper_protocol.h` has its form).
    ///
    /// - Parameters:
    ///   - source: The pipe or terminal; somebody else should hold it too, or its content ends with the keeper.
    ///   - name: The process.
    ///   - log: Where the log goes.
    /// - Throws: Why it is not moved.
    package func pump(_ source: borrowing Descriptor, of name: String, to log: LogTarget) throws(KeeperError) {
        let words = "write the log of \(name)"
        let directory: Descriptor
        do {
            directory = try Descriptor.open(log.directory, O_RDONLY | O_DIRECTORY)
        } catch {
            throw .refused(words, error)
        }
        var error = try pump([source.number, directory.number] + (log.relay.map { [$0] } ?? []), name, log, words)
        // A keeper that an older engine has started knows no relays.
        if error == EINVAL, log.relay != nil { error = try pump([source.number, directory.number], name, log, words) }
        if error != 0 { throw .refused(words, SystemError("request", error)) }
    }

    private func pump(
        _ descriptors: [Int32],
        _ name: String,
        _ log: LogTarget,
        _ words: String
    ) throws(KeeperError) -> Int32 {
        let connection = try connect()
        try connection.send(KEEPER_PUMP, words, name: name, tag: log.stream, descriptors: descriptors) { request in
            request.limit = log.segmentSize
            request.count = log.segmentCount
            request.segment = log.firstSegment
        }
        guard let answer = try connection.receive(words) else { throw .noAnswer(words) }
        return answer.error
    }

    /// Ends the keeper.
    ///
    /// - Throws: `EBUSY` where it still keeps a process.
    package func quit() throws(KeeperError) {
        _ = try ask(KEEPER_QUIT, "quit")
    }

    /// The connection that tells of every process that ends, after all those that are kept.
    package func watch() throws(KeeperError) -> KeeperWatch {
        let connection = try connect()
        try connection.send(KEEPER_WATCH, "tell of ends")
        return KeeperWatch(connection: connection)
    }

    func connect() throws(KeeperError) -> KeeperConnection {
        try KeeperConnection(to: socket)
    }

    func ask(
        _ kind: keeper_request_kind,
        _ words: String,
        name: String = "",
        pid: Int32 = 0,
        tag: UInt32 = 0,
        descriptors: [Int32] = []
    ) throws(KeeperError) -> KeeperAnswer {
        let connection = try connect()
        try connection.send(kind, words, name: name, pid: pid, tag: tag, descriptors: descriptors)
        guard let answer = try connection.receive(words) else { throw .noAnswer(words) }
        if answer.error != 0 { throw .refused(words, SystemError("request", answer.error)) }
        return answer
    }
}

/// News of processes that end.
package struct KeeperWatch: ~Copyable, Sendable {
    let connection: KeeperConnection

    /// Ends the news; whoever waits for the next sees the end.
    package func stop() {
        shutdown(connection.socket.number, Int32(SHUT_RDWR))
    }

    /// The next process: first those that are kept, then each that ends.
    ///
    /// - Returns: Nil where the keeper has gone.
    /// - Throws: What made the connection fail.
    package func next() throws(KeeperError) -> KeptProcess? {
        while let answer = try connection.receive("tell of ends") {
            if let process = KeptProcess(answer) { return process }
        }
        return nil
    }
}
