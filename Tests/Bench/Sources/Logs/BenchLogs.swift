// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport

/// Compares how fast a container can write its output with how fast a file can be written.
///
///     bench-logs MEBIBYTES
@main
enum BenchLogs {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-logs: \(error)")
            exit(1)
        }
    }

    /// How often each is measured, in turn.
    private static let rounds = 5

    private static func run() throws {
        guard CommandLine.arguments.count == 2, let size = Int(CommandLine.arguments[1]), size > 0 else {
            throw SystemFailure(message: "usage: bench-logs MEBIBYTES")
        }
        let scratch = try Scratch()
        let engine = try BenchEngine(in: scratch)
        let count = size * 16
        let writers = [
            ("zeroes", "dd if=/dev/zero bs=64k count=\(count)"),
            ("lines", "yes \(String(repeating: "x", count: 127)) | dd bs=64k iflag=fullblock count=\(count)"),
        ]
        var table = Table(["\(size) MiB of", "to a file", "to the log", "ratio", "with a follower", "ratio"])
        for (name, script) in writers {
            var (file, log, followed): ([Double], [Double], [Double]) = ([], [], [])
            for _ in 0..<rounds {
                try settle(scratch)
                file.append(try write(script, to: scratch / "file"))
                try settle(scratch)
                log.append(try write(script, in: engine, follows: false))
                try settle(scratch)
                followed.append(try write(script, in: engine, follows: true))
            }
            let (base, plain, slow) = (median(file), median(log), median(followed))
            func rate(_ seconds: Double) -> String { "\(decimal(Double(size) / seconds, 0)) MiB/s" }
            table.append([
                name, rate(base), rate(plain), decimal(base / plain, 2), rate(slow), decimal(base / slow, 2),
            ])
        }
        print(table)
    }

    /// Waits until the disk has all that was written before: the kernel makes writers wait while it has too much of that, and
    /// then it would be the disk that is measured.
    private static func settle(_ scratch: Scratch) throws {
        try Command("/bin/sync", ["--file-system", scratch.path]).succeed()
    }

    /// Has the shell of busybox write into a file of the file system in which the logs are.
    private static func write(_ script: String, to path: String) throws -> Double {
        defer { unlink(path) }
        return try Command("/bin/busybox", ["sh", "-c", "(\(script)) >\(path) 2>/dev/null"]).succeed()
    }

    /// Has a container write, and returns the seconds from its start to its end.
    private static func write(_ script: String, in engine: BenchEngine, follows: Bool) throws -> Double {
        let client = engine.client
        let request = engine.request(["sh", "-c", "(\(script)) 2>/dev/null"])
        let id = try client.createContainer(request, named: nil).id
        defer { try? client.removeContainer(id, force: true) }
        let begin = ContinuousClock.now
        try client.startContainer(id)
        if follows {
            try BlockingCall.start {
                var query = LogRequest()
                query.follows = true
                guard var answer = try? client.logs(of: id, query) else { return }
                while let bytes = try? answer.next(), !bytes.isEmpty {}
            }
        }
        guard try client.waitForContainer(id).statusCode == 0 else {
            throw SystemFailure(message: "the container failed")
        }
        return (ContinuousClock.now - begin) / .seconds(1)
    }
}
