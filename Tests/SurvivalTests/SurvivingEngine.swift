// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import FoundationEssentials
import Glibc
import Linux
import Runtime
import TestSupport
import Testing

/// An engine and its keeper as programs, which a test kills as it likes, with an image `busybox`.
final class SurvivingEngine: Sendable {
    let scratch: Scratch
    let location: EngineLocation
    /// Starts an engine where none serves, unless its containers end with it.
    let client: EngineClient
    private let isEmbedded: Bool

    private init(isEmbedded: Bool) throws {
        self.isEmbedded = isEmbedded
        scratch = try Scratch()
        location = EngineLocation(root: scratch.path, environment: { _ in nil }, uid: geteuid())
        client = EngineClient(location: location, startsEngine: !isEmbedded)
    }

    /// Starts an engine that has no keeper.
    func startEmbedded() throws {
        let outcome = try Command(Binaries.path(of: "wharfd"), ["--root", scratch.path, "--embedded"]).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
    }

    /// Runs a test, and sees to it that nothing is left of its containers, its engines and its keepers.
    static func with(
        isEmbedded: Bool = false,
        _ body: @Sendable (SurvivingEngine) async throws -> Void
    ) async throws {
        let engine = try SurvivingEngine(isEmbedded: isEmbedded)
        let result: Result<Void, any Error>
        do {
            try await BlockingCall.run {
                if isEmbedded { try engine.startEmbedded() }
                try engine.importImage()
            }
            result = .success(try await body(engine))
        } catch {
            result = .failure(error)
        }
        let end = try await BlockingCall.run { Result { try engine.end() } }
        if case .failure = result { print("the engine's log:\n\(engine.log)") }
        try result.get()
        try end.get()
        // An engine that was started while another one was goes by itself, when it sees that.
        var leftovers: [String] = []
        _ = try waitUntil {
            leftovers = engine.leftovers()
            return leftovers.isEmpty
        }
        #expect(leftovers == [])
    }

    private func importImage() throws {
        let path = try scratch.write("root.tar", bytes: try BusyboxArchive.bytes())
        let file = try Descriptor.open(path, O_RDONLY)
        var answer = try client.importImage(
            from: file.number,
            repository: "busybox",
            tag: "latest",
            message: "",
            changes: []
        )
        _ = try answer.bytes()
    }

    /// What engines have said of themselves.
    var log: String { (try? readText(location.log)) ?? "" }

    // MARK: Processes

    /// The process of the engine; nil where none has the lock.
    func engineProcess() throws -> SharedDescriptor? { try process(scratch.path, try engineNumber()) }

    private func engineNumber() throws -> Int32? {
        guard let file = try? Descriptor.open(location.lock, O_RDWR), try !file.lock(isExclusive: true, waits: false)
        else { return nil }
        return Int32(try readText(location.lock).filter(\.isNumber))
    }

    /// The process of the keeper; nil where none serves.
    func keeperProcess() throws -> SharedDescriptor? {
        try process(location.keeperSocket, try? KeeperClient(socket: location.keeperSocket).hello())
    }

    /// A process whose command line has a word; the number may be another process's by now.
    private func process(_ word: String, _ number: Int32?) throws -> SharedDescriptor? {
        guard let number, let process = SharedDescriptor(try? Descriptor.process(number)) else { return nil }
        let words = (try? readText("/proc/\(number)/cmdline").split(separator: "\0")) ?? []
        return words.contains { $0 == word } ? process : nil
    }

    /// Kills the engine that has the lock, if any, and waits for its end.
    @discardableResult
    func killEngine() throws -> Bool { try Self.kill(try engineProcess()) }

    /// Kills the keeper that serves, if any, and waits for its end.
    @discardableResult
    func killKeeper() throws -> Bool { try Self.kill(try keeperProcess()) }

    /// Kills both before either can see the end of the other.
    func killBoth() throws {
        guard let engine = try engineProcess(), let keeper = try keeperProcess() else {
            throw SystemFailure(message: "there are not both an engine and a keeper")
        }
        // The keeper stands still first: else it could start another engine in between.
        try keeper.descriptor.signal(SIGSTOP)
        try engine.descriptor.signal(SIGKILL)
        try keeper.descriptor.signal(SIGKILL)
        for process in [engine.number, keeper.number] { Self.waitForEnd(process) }
    }

    private static func kill(_ process: SharedDescriptor?) throws -> Bool {
        guard let process else { return false }
        do { try process.descriptor.signal(SIGKILL) } catch  where error.number == ESRCH { return false }
        waitForEnd(process.number)
        return true
    }

    static func waitForEnd(_ process: Int32) {
        var request = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, -1) < 0, errno == EINTR {}
    }

    /// Ends the engine in order, and waits for its end.
    func terminateEngine() throws {
        guard let engine = try engineProcess() else { throw SystemFailure(message: "there is no engine") }
        try engine.descriptor.signal(SIGTERM)
        Self.waitForEnd(engine.number)
    }

    // MARK: The end

    /// Ends everything that was started here.
    private func end() throws {
        for container in try insist({ try $0.listContainers(showsAll: true) }) {
            try remove(container.id)
        }
        try insist { try $0.stopEngine() }
        while let engine = try engineProcess() { Self.waitForEnd(engine.number) }
        // It has ended where it had nothing left to keep.
        try killKeeper()
    }

    /// Removes a container whatever it does; it is fine where it is gone.
    func remove(_ id: String) throws {
        do {
            try insist { try $0.removeContainer(id, force: true) }
        } catch let error as EngineError where error.code == .notFound {}
    }

    // MARK: Requests

    /// How often something is tried before its failure counts.
    private static let attempts = 2000

    /// Asks again where the engine or its keeper was killed meanwhile.
    @discardableResult
    func insist<Value>(_ body: (EngineClient) throws -> Value) throws -> Value {
        for _ in 1..<Self.attempts {
            do {
                return try body(client)
            } catch is ClientError {
            } catch let error as EngineError where error.code == .unavailable {}
        }
        return try body(client)
    }

    /// Makes a container of the image; one that was made by a request without an answer is found by its name.
    func create(
        _ command: [String],
        named name: String,
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) throws -> String {
        var config = EngineAPI.ContainerConfig()
        config.image = "busybox"
        config.cmd = CommandWords(command)
        config.env = ["MARK=\(scratch.path)"]
        var request = ContainerCreateRequest(config: config)
        request.hostConfig.networkMode = "none"
        change(&request)
        let wanted = request
        do {
            return try insist { try $0.createContainer(wanted, named: name).id }
        } catch let error as EngineError where error.code == .conflict {
            return try insist { try $0.inspectContainer(name).id }
        }
    }

    /// Starts a container once, whatever becomes of the requests.
    func start(_ id: String) throws {
        var last: any Error = SystemFailure(message: "never tried")
        for _ in 1..<Self.attempts {
            do {
                return try client.startContainer(id)
            } catch {
                last = error
                guard error is ClientError || (error as? EngineError)?.code == .unavailable else { throw error }
            }
            // One that removes itself may have run and be gone.
            guard let state = try find(id)?.state else { return }
            if state.startedAt > Timestamp(seconds: 0) { return }
        }
        throw last
    }

    /// Looks at a container; nil where it is gone.
    func find(_ id: String) throws -> ContainerInspection? {
        do {
            return try insist { try $0.inspectContainer(id) }
        } catch let error as EngineError where error.code == .notFound {
            return nil
        }
    }

    func state(_ id: String) throws -> EngineAPI.ContainerState { try #require(try find(id)).state }

    /// Waits for the end of a container; gives its status.
    func wait(_ id: String) throws -> Int { try insist { try $0.waitForContainer(id).statusCode } }

    /// Makes and starts one.
    func run(
        _ command: [String],
        named name: String,
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) throws -> String {
        let id = try create(command, named: name, change)
        try start(id)
        return id
    }

    /// Everything that has happened to containers.
    func events() throws -> [EngineEvent] {
        try insist { client in
            var answer = try client.events(since: "1", until: "\(Timestamp.now)", Filters(["type": ["container"]]))
            var events: [EngineEvent] = []
            while let line = try answer.nextLine() {
                events.append(try JSONDecoder().decode(EngineEvent.self, from: Data(line)))
            }
            return events
        }
    }

    /// All that a container has written to its output.
    func output(of id: String) throws -> [UInt8] {
        try insist { client in
            var answer = try client.logs(of: id, LogRequest())
            var (decoder, bytes) = (StreamFrameDecoder(), [UInt8]())
            while let piece = try answer.next() { try decoder.feed(piece) { bytes += $1 } }
            try decoder.finish()
            return bytes
        }
    }
}

extension Timestamp {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }
}
