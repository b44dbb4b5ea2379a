// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import Linux
import Netlink
import NetlinkSupport
import Networks
import TestSupport

/// Asks the name server of containers for a name of ours, and dnsmasq for the same name, each in a network of its own; and
/// finds out when names of containers come and go.
///
///     bench-dns QUERIES
@main
enum BenchDNS {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-dns: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        guard CommandLine.arguments.count == 2, let count = Int(CommandLine.arguments[1]), count >= 1000 else {
            throw SystemFailure(message: "usage: bench-dns QUERIES")
        }
        let ours = try network()
        let theirs = try network()
        let threads = Set(names(in: "/proc/self/task"))
        let server = try DNSServer()
        let own = names(in: "/proc/self/task").first { !threads.contains($0) }.flatMap { Int32($0) } ?? getpid()
        var table = NameTable()
        guard let name = DNSName("web") else { throw SystemFailure(message: "`web` is no name") }
        table.add(name, .v4(0x0a01_0002))
        server.serve("bench", on: try DNSSockets.open(inNetworkOf: ours.number), DNSView(table))
        let peer = try Dnsmasq(
            ["--listen-address=127.0.0.11", "--host-record=web,10.1.0.2", "--cache-size=1000"],
            in: theirs
        )
        let subjects = [
            ("wharf", try Asker(inNetworkOf: ours.number), own),
            ("dnsmasq", try Asker(inNetworkOf: theirs.number), peer.pid),
        ]
        var shown = Table(["", "answers a second", "of its processor", "median", "99 of 100"])
        var rates: [Double] = []
        // In turn, so that a change of the machine's speed meets both; the first round warms up.
        var rounds = [[Round]](repeating: [], count: subjects.count)
        for block in 0...5 {
            for (index, subject) in subjects.enumerated() {
                let round = try Round(subject.1, process: subject.2, count / 5)
                if block > 0 { rounds[index].append(round) }
            }
        }
        for (subject, rounds) in zip(subjects, rounds) {
            rates.append(median(rounds.map(\.rate)))
            let latencies = rounds.flatMap(\.latencies).sorted()
            shown.append([
                subject.0, decimal(median(rounds.map(\.rate)), 0), decimal(median(rounds.map(\.processorRate)), 0),
                microseconds(latencies[latencies.count / 2]), microseconds(latencies[latencies.count * 99 / 100]),
            ])
        }
        print(shown)
        print("\(decimal(rates[0] / rates[1], 2)) times the rate of dnsmasq\n")
        try print(NameTimes().table)
    }

    private static func microseconds(_ seconds: Double) -> String { "\(decimal(seconds * 1e6, 0)) µs" }

    private static func network() throws -> TestNetwork {
        let network = try TestNetwork()
        try network.route.send(.changeLink(1, LinkSettings(isUp: true)))
        return network
    }
}

/// One series of queries.
private struct Round {
    /// Answers a second, with several queries on their way at a time.
    let rate: Double
    /// The same for each second that the server's processor worked.
    let processorRate: Double
    /// Seconds from query to answer, one query at a time.
    let latencies: [Double]

    init(_ asker: Asker, process: Int32, _ count: Int) throws {
        latencies = try (0..<count / 10).map { _ in
            try ContinuousClock().measure { try asker.ask(1, atOnce: 1) } / .seconds(1)
        }
        let before = try Self.processorTime(of: process)
        let taken = try ContinuousClock().measure { try asker.ask(count, atOnce: 32) } / .seconds(1)
        rate = Double(count) / taken
        processorRate = Double(count) / max(1e-9, try Self.processorTime(of: process) - before)
    }

    /// Seconds that a thread or process has worked (`sum_exec_runtime` of proc_pid_schedstat).
    private static func processorTime(of process: Int32) throws -> Double {
        let text = try readText("/proc/\(process)/schedstat")
        return (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
    }
}
