// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The memory of the engine` {
    @Test func `goes back to the kernel once requests have ended`() async throws {
        try await Installation.with { host in
            let engine = try readText(host.root + "/run/engine.lock").filter(\.isNumber)
            let before = try heap(of: engine)
            try await host.succeed(
                """
                echo services: > compose.yaml
                for number in $(seq 100); do
                    echo "  s$number: {image: busybox, command: [sleep, '1000000']}" >> compose.yaml
                done
                wharf -p many --progress quiet create
                """
            )
            // To make so many takes 10 to 30 MiB for a moment, and to know them takes 3.
            let hasGivenBack = try waitUntil { try heap(of: engine) < before + 6 * 1024 }
            #expect(hasGivenBack)
        }
    }

    /// What a process has that is no part of a file, in KiB (proc_pid_status(5)).
    private func heap(of pid: String) throws -> Int {
        let line = try readText("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return try #require(line.flatMap { Int($0.filter(\.isNumber)) })
    }
}
