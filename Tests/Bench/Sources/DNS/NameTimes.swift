// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineAPI
import EngineClient
import Glibc
import Linux
import Synchronization
import TestSupport

/// When the name of a container is there and is gone, by a container beside it that asks for it all the time.
struct NameTimes {
    private static let rounds = 50
    private static let network = "names"

    /// Seconds from the answer to the start until the name is right; below 0 where the name came first.
    private var right: [Double] = []
    /// Seconds from the end of the program until nobody gets its address any more.
    private var gone: [Double] = []

    init() throws {
        let engine = try BenchEngine(in: Scratch())
        // Whoever asks for a name that nobody has is not sent on to the world's servers.
        _ = try engine.run(["network", "create", "--internal", Self.network])
        let process = try Descriptor.process(try Self.start("asker", engine).pid)
        let asker = try Asker(inNetworkOf: process.number)
        for _ in 0..<Self.rounds {
            let arrival = try Watch(asker, until: true)
            let container = try Self.start("web", engine)
            right.append(arrival.time() - container.answered)
            let process = try Descriptor.process(container.pid)
            let departure = try Watch(asker, until: false)
            try engine.client.killContainer(container.id, signal: "SIGKILL")
            try process.waitUntilReaped()
            let end = Self.now()
            gone.append(departure.time() - end)
            try engine.client.removeContainer(container.id, force: true)
        }
    }

    var table: Table {
        var table = Table(["the name of a container", "median", "at most"])
        for (what, times) in [("is right after the answer to its start", right), ("is gone after its end", gone)] {
            table.append([what, milliseconds(median(times)), milliseconds(times.max() ?? 0)])
        }
        return table
    }

    private static func start(
        _ name: String,
        _ engine: BenchEngine
    ) throws -> (id: String, pid: Int32, answered: Double) {
        var request = engine.request(["sleep", "1000000"])
        request.hostConfig.networkMode = network
        let id = try engine.client.createContainer(request, named: name).id
        try engine.client.startContainer(id)
        let answered = now()
        let state = try engine.client.inspectContainer(id).state
        return (id, Int32(state.pid), answered)
    }

    /// The time of the machine, in seconds.
    fileprivate static func now() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

/// Somebody who asks for a name until it is there, or is not.
private final class Watch: Sendable {
    private let found = Mutex<Double?>(nil)

    init(_ asker: Asker, until isThere: Bool) throws {
        try BlockingCall.start { [self] in
            while (try? asker.finds()) != isThere {}
            found.withLock { $0 = NameTimes.now() }
        }
    }

    /// Waits for it, and returns when it was.
    func time() -> Double {
        while true {
            if let time = found.withLock(\.self) { return time }
            sched_yield()
        }
    }
}
