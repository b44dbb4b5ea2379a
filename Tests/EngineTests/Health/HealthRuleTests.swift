// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Testing

@testable import Engine

@Suite struct `The rules of health checks` {
    private static func config(_ json: String) throws -> EngineAPI.ContainerConfig {
        try Sample.request(json).config
    }

    @Test func `what is not said is as with Docker`() throws {
        let check = try #require(try HealthCheck(Self.config(#"{"Healthcheck":{"Test":["CMD","a","b"]}}"#)))
        #expect(check.command == ["a", "b"])
        #expect(check.interval == .seconds(30) && check.timeout == .seconds(30) && check.retries == 3)
        #expect(check.startPeriod == .zero && check.startInterval == .seconds(5))
    }

    @Test(
        arguments: [
            (#"{"Healthcheck":{"Test":["CMD-SHELL","a b"]}}"#, ["/bin/sh", "-c", "a b"]),
            (#"{"Healthcheck":{"Test":["CMD-SHELL","a b"]},"Shell":["/bin/ash","-ec"]}"#, ["/bin/ash", "-ec", "a b"]),
            (#"{"Healthcheck":{"Test":["NONE"]}}"#, nil), (#"{"Healthcheck":{"Interval":1000000}}"#, nil),
            ("{}", nil),
        ] as [(String, [String]?)]
    )
    func `a text is for the shell, and there may be no check`(json: String, command: [String]?) throws {
        #expect(try HealthCheck(Self.config(json))?.command == command)
    }

    @Test func `a shell of the image runs its check`() throws {
        let image = try Sample.image(#"{"Healthcheck":{"Test":["CMD-SHELL","a"]},"Shell":["/bin/ash","-ec"]}"#)
        let config = try Self.config("{}").merged(with: image)
        #expect(HealthCheck(config)?.command == ["/bin/ash", "-ec", "a"])
        let off = try Self.config(#"{"Healthcheck":{"Test":["NONE"]}}"#).merged(with: image)
        #expect(HealthCheck(off) == nil)
    }

    @Test(arguments: [
        // Each failure counts: `-` is one, `+` a success, each a second after the other.
        ("", 0, "starting"), ("--", 0, "starting"), ("---", 0, "unhealthy"), ("--+", 0, "healthy"),
        ("--+--", 0, "healthy"), ("+---", 0, "unhealthy"), ("---+", 0, "healthy"),
        // In the start period only failures after a success do.
        ("-----", 100, "starting"), ("-----+", 100, "healthy"), ("-----+---", 100, "unhealthy"),
        ("-----", 2, "unhealthy"), ("----", 2, "starting"),
    ])
    func `failures in a row make a container unhealthy`(results: String, startPeriod: Int, status: String) throws {
        var check = try #require(try HealthCheck(Self.config(#"{"Healthcheck":{"Test":["CMD","a"]}}"#)))
        check.startPeriod = .seconds(startPeriod)
        var health = ContainerHealth()
        for (second, result) in results.enumerated() {
            let time = Timestamp(seconds: Int64(second))
            let probe = ContainerState.HealthProbe(
                start: time,
                end: time,
                exitCode: result == "+" ? 0 : 1,
                output: "\(second)"
            )
            health.add(probe, of: check, age: .seconds(second))
        }
        #expect(health.status.rawValue == status)
        #expect(
            health.log.map(\.output)
                == results.indices.map { "\(results.distance(from: results.startIndex, to: $0))" }.suffix(5)
        )
    }

    @Test func `the interval is another one until the first success of the start period`() throws {
        let json = #"{"Healthcheck":{"Test":["CMD","a"],"StartPeriod":9000000000,"StartInterval":2000000000}}"#
        let check = try #require(try HealthCheck(Self.config(json)))
        #expect(check.delay(.starting, age: .seconds(8)) == .seconds(2))
        #expect(check.delay(.healthy, age: .seconds(8)) == .seconds(30))
        #expect(check.delay(.starting, age: .seconds(9)) == .seconds(30))
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.nanoseconds(7), "7ns"), (.nanoseconds(1_500), "1.5µs"), (.milliseconds(300), "300ms"),
        (.milliseconds(1_050), "1.05s"), (.seconds(30), "30s"), (.seconds(60), "1m0s"), (.seconds(3_661), "1h1m1s"),
        (.seconds(-90), "-1m30s"),
    ])
    func `lengths of time are as Go prints them`(length: Duration, text: String) {
        #expect(GoDuration(length).text == text)
    }
}
