// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineAPI
import EngineClient
import Glibc
import TestSupport

/// Measures what networks and published ports cost.
///
///     bench-network RUNS ADDRESS [DOCKER SOCKET]
///
/// ADDRESS is the machine's own, DOCKER is the path of docker's command and SOCKET that of its daemon.
@main
enum BenchNetwork {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-network: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        let arguments = CommandLine.arguments
        guard [3, 5].contains(arguments.count), let runs = Int(arguments[1]), runs >= 5 else {
            throw SystemFailure(message: "usage: bench-network RUNS ADDRESS [DOCKER SOCKET]")
        }
        let scratch = try Scratch()
        let engine = try BenchEngine(in: scratch)
        let docker =
            arguments.count == 5
            ? try Docker(arguments[3], socket: arguments[4], archive: scratch / "busybox.tar") : nil
        var starts: [Series] = [
            Series("wharf, by the engine's API, without a network") { try engine.start(to: "none") },
            Series("wharf, by the engine's API") { try engine.start(to: "bridge") },
            Series("wharf container run --rm --network none") { try engine.command("none") },
            Series("wharf container run --rm") { try engine.command("bridge") },
        ]
        var places = [try engine.place(port: 18_000)]
        if let docker {
            starts.append(Series("docker run --rm --network none") { try docker.start("none") })
            starts.append(Series("docker run --rm") { try docker.start("bridge") })
            places.append(try docker.place(port: 18_010))
        }
        try measureStarts(starts, runs)
        for place in places { try measure(place, host: arguments[2], runs) }
        try measurePorts(engine)
    }

    private static func measureStarts(_ series: [Series], _ runs: Int) throws {
        // In turn, so that a change of the machine's speed meets each of them; the first round warms up.
        let times = try inTurn(series, runs)
        var table = Table(["start to removed", "median", "of the same without a network"])
        for index in series.indices {
            let ratio = index % 2 == 1 ? "\(decimal(times[index] / times[index - 1], 2)) times" : ""
            table.append([series[index].name, "\(decimal(times[index] * 1e3, 2)) ms", ratio])
        }
        print(table)
    }

    private static func measure(_ place: Place, host: String, _ runs: Int) throws {
        func ends(_ port: Int, _ published: Int) -> [(String, End)] {
            [
                ("directly", End(place.address, port)), ("by 127.0.0.1", End("127.0.0.1", published)),
                ("by \(host)", End(host, published)),
            ]
        }
        let iperfEnds = ends(Place.iperf, place.published)
        let connectionEnds = ends(Place.connections, place.published + 1)
        let iperf = try IperfServer(in: place)
        let rates = try inTurn(
            iperfEnds.map { end in Series(end.0) { try iperf.rate(to: end.1) } },
            max(3, runs / 20)
        )
        withExtendedLifetime(iperf) {}
        let server = try ConnectionServer(in: place)
        let counts = try inTurn(
            connectionEnds.map { end in Series(end.0) { try server.rate(to: end.1) } },
            max(5, runs / 10)
        )
        withExtendedLifetime(server) {}
        var table = Table([place.name, "Gbit/s", "of directly", "connections/s", "of directly"])
        for index in iperfEnds.indices {
            table.append([
                iperfEnds[index].0, decimal(rates[index] / 1e9, 2), decimal(rates[index] / rates[0], 2),
                decimal(counts[index], 0), decimal(counts[index] / counts[0], 2),
            ])
        }
        print(table)
    }

    private static func measurePorts(_ engine: BenchEngine) throws {
        var table = Table(["published ports", "start", "removal", "memory of the engine"])
        let own = try engine.processes().engine
        for count in [1, 1000] {
            var request = engine.request(["sleep", "1000000"])
            request.hostConfig.networkMode = "bridge"
            request.publish((20_000..<20_000 + count).map { ($0, $0) })
            let id = try engine.client.createContainer(request, named: nil).id
            let start = try seconds { try engine.client.startContainer(id) }
            let memory = Double(try own.memory()) / 1_048_576
            let removal = try seconds { try engine.client.removeContainer(id, force: true) }
            table.append(["\(count)", milliseconds(start), milliseconds(removal), "\(decimal(memory, 1)) MiB"])
        }
        print(table)
    }

    /// The middle of what each gives, after a round that warms up.
    private static func inTurn(_ series: [Series], _ runs: Int) throws -> [Double] {
        var results = [[Double]](repeating: [], count: series.count)
        for round in 0...runs {
            for (index, one) in series.enumerated() {
                let result = try one.run()
                if round > 0 { results[index].append(result) }
            }
        }
        return results.map(median)
    }
}

/// One way to do what is measured.
private struct Series {
    let name: String
    /// Does it once, and returns the seconds that it took or the rate that it had.
    let run: () throws -> Double

    init(_ name: String, _ run: @escaping () throws -> Double) {
        self.name = name
        self.run = run
    }
}

/// The seconds that something took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
}
