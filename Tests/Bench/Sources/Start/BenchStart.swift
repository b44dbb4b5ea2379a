// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import Runtime
import TestSupport

/// Compares the start of a container, up to its removal, and of a program in one with other ways to do it.
///
///     bench-start RUNS [DOCKER SOCKET]
///
/// The container is busybox's `true` with Docker's mounts, capabilities, device rules and filter of system calls, all
/// control groups and a network namespace. DOCKER is the path of docker's command and SOCKET that of its daemon.
@main
enum BenchStart {
    /// What a user types: the others do the same without the engine, or with another one.
    private static let command = "wharf container run --rm --network none"
    private static let execCommand = "wharf container exec"

    static func main() {
        do {
            try run()
        } catch {
            print("bench-start: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        let arguments = CommandLine.arguments
        guard [2, 4].contains(arguments.count), let runs = Int(arguments[1]), runs > 0 else {
            throw SystemFailure(message: "usage: bench-start RUNS [DOCKER SOCKET]")
        }
        let scratch = try Scratch()
        let bundle = try Bundle(in: scratch)
        let keeper = try KeeperClient.start(Binaries.path(of: "wharf-keeper"), socket: scratch / "keeper.sock")
        let pid = try keeper.hello()
        defer { kill(pid, SIGKILL) }
        let wharf = try Wharf(bundle, keeper)
        let runc = Runc(bundle)
        var starts = [
            Subject("plain C", share: 1, bundle.floor),
            Subject("wharf, in this process", share: 1) { try wharf.starts($0, by: EmbeddedLauncher()) },
            Subject(Wharf.name, share: 1) { try wharf.starts($0, by: KeeperLauncher(keeper)) },
            Subject("runc run", share: 10, runc.starts),
        ]
        let (program, container) = (try wharf.startLasting(), try runc.startLasting())
        var execs = [
            Subject(Wharf.name, share: 1) { try wharf.execs($0, in: program) },
            Subject("runc exec", share: 10, container.execs),
        ]
        let engine = EngineSubjects(try BenchEngine(in: scratch))
        let lasting = try engine.startLasting()
        starts += [
            Subject("wharf, by the engine's API", share: 2, engine.starts),
            Subject(Self.command, share: 5, engine.commandStarts),
        ]
        execs += [
            Subject("wharf, by the engine's API", share: 2) { try engine.execs($0, in: lasting) },
            Subject(Self.execCommand, share: 5) { try engine.commandExecs($0, in: lasting) },
        ]
        let docker = arguments.count == 4 ? try Docker(arguments[2], socket: arguments[3], bundle) : nil
        if let docker {
            starts.append(Subject("docker run --rm --network none", share: 25, docker.starts))
            execs.append(Subject("docker exec", share: 25, docker.execs))
        }
        print(try table("start to removed", starts, runs: runs))
        print(try table("the same after a pause", starts.map(\.paused), runs: max(10, runs / 5)))
        print(try table("exec to end", execs, runs: runs))
    }

    private static func table(_ title: String, _ subjects: [Subject], runs: Int) throws -> Table {
        var times = [[Double]](repeating: [], count: subjects.count)
        // In turn, so that a change of the machine's speed meets each of them; the first round warms up.
        let blocks = 10
        for block in 0...blocks {
            for (index, subject) in subjects.enumerated() {
                let taken = try subject.run(max(1, runs / blocks / subject.share))
                if block > 0 { times[index] += taken }
            }
        }
        let middles = times.map(median)
        let bases = subjects.indices.filter { index in
            index == 0 || [Wharf.name, command, execCommand].contains(subjects[index].name)
        }
        var table = Table([title, "median"] + bases.map { "of \(subjects[$0].name)" })
        for (subject, middle) in zip(subjects, middles) {
            let ratios = bases.map { "\(decimal(middle / middles[$0], 2)) times" }
            table.append([subject.name, "\(decimal(middle * 1e3, 2)) ms"] + ratios)
        }
        return table
    }
}

/// One way to do what is measured.
private struct Subject {
    let name: String
    /// One run of this for so many of the quickest.
    let share: Int
    /// Does it so many times, and returns the seconds that each took.
    let run: (Int) throws -> [Double]

    /// The same as somebody meets it who does it now and then: each time after a tenth of a second without any.
    ///
    /// Much in the kernel is quicker if it was done just before.
    var paused: Subject {
        Subject(name, share: share) { count in
            try (0..<count).flatMap { _ in
                poll(nil, 0, 100)
                return try run(1)
            }
        }
    }

    init(_ name: String, share: Int, _ run: @escaping (Int) throws -> [Double]) {
        self.name = name
        self.share = share
        self.run = run
    }
}

/// The seconds that something took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}
