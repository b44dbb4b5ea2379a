// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import Linux
import OCI
import Runtime
import TestSupport

/// Compares the start of a container, up to its removal, with a plain C program that makes the same system calls.
///
///     bench-start RUNS
///
/// The container is busybox's `true` with overlay, all control groups, Docker's mounts and a network namespace.
@main
enum BenchStart {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-start: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        guard CommandLine.arguments.count == 2, let runs = Int(CommandLine.arguments[1]), runs > 0 else {
            throw SystemFailure(message: "usage: bench-start RUNS")
        }
        let scratch = try Scratch()
        try makeImage(in: scratch)
        let keeper = try KeeperClient.start(Binaries.path(of: "wharf-keeper"), socket: scratch / "keeper.sock")
        let pid = try keeper.hello()
        defer { kill(pid, SIGKILL) }
        let subjects: [(name: String, run: (Int) throws -> [Double])] = [
            ("plain C", { try floor(in: scratch, runs: $0) }),
            ("wharf, in this process", { runs in try containers(in: scratch, runs: runs, EmbeddedLauncher(), keeper) }),
            (
                "wharf, by the keeper",
                { runs in try containers(in: scratch, runs: runs, KeeperLauncher(keeper), keeper) }
            ),
        ]
        var times = [[Double]](repeating: [], count: subjects.count)
        // In turn, so that a change of the machine's speed meets each of them; the first round warms up.
        let blocks = 10
        for block in 0...blocks {
            for (index, subject) in subjects.enumerated() {
                let taken = try subject.run(max(1, runs / blocks))
                if block > 0 { times[index] += taken }
            }
        }
        var table = Table(["start to removed", "median", "of plain C"])
        let base = median(times[0])
        for (index, subject) in subjects.enumerated() {
            let middle = median(times[index])
            table.append([subject.name, "\(decimal(middle * 1e3, 2)) ms", "\(decimal(middle / base, 2)) times"])
        }
        print(table)
    }

    private static func makeImage(in scratch: Scratch) throws {
        for folder in ["image/bin", "image/proc", "image/dev", "image/sys"] { try makeFolder(scratch / folder) }
        let copy = try Command("/bin/cp", ["/bin/busybox", scratch / "image/bin/busybox"]).run()
        guard copy.end == .exit(0) else { throw SystemFailure(message: copy.errors) }
        try scratch.link("image/bin/true", to: "busybox")
    }

    private static func floor(in scratch: Scratch, runs: Int) throws -> [Double] {
        let outcome = try Command(Binaries.path(of: "bench-floor"), [scratch.path, "\(runs)"]).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return outcome.output.split(separator: "\n").compactMap { Double($0).map { $0 / 1e9 } }
    }

    private static func containers(
        in scratch: Scratch,
        runs: Int,
        _ launcher: any Launcher,
        _ keeper: KeeperClient
    ) throws -> [Double] {
        var trees = try ControlGroupHierarchies.discover()
        trees.parent = ["wharf-bench"]
        return try (0..<runs).map { _ in
            let clock = ContinuousClock()
            return try clock.measure { try container(in: scratch, launcher, trees, keeper) } / .seconds(1)
        }
    }

    private static func container(
        in scratch: Scratch,
        _ launcher: any Launcher,
        _ trees: ControlGroupHierarchies,
        _ keeper: KeeperClient
    ) throws {
        let (upper, work) = (scratch / "upper", scratch / "work")
        guard mkdir(upper, 0o755) == 0, mkdir(work, 0o755) == 0 else { throw SystemFailure("make", upper) }
        let group = try ControlGroup.create(["container"], in: trees)
        let attachment = try group.attachment()
        let root = try Descriptor.newMount(
            "overlay",
            parameters: [
                ("lowerdir", .text(scratch / "image")), ("upperdir", .text(upper)), ("workdir", .text(work)),
            ]
        )
        var request = LaunchRequest(.containerDefault(["true"], hostname: "box"))
        request.name = "container"
        request.root = root.number
        request.controlGroups = ControlGroupPlaces(attachment, in: trees)
        let running = try Container.start(request, by: launcher)
        guard try running.process.wait() == .exit(0) else { throw SystemFailure(message: "the container failed") }
        if launcher is KeeperLauncher { try keeper.forget("container") }
        try group.remove()
        removeTree(upper)
        removeTree(work)
    }
}
