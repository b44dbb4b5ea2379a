// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport
import Testing

@testable import Engine

@Suite struct `The way out by a volume` {
    private static let rounds = 12

    /// Exchanges a folder and a link to the canary of the host, for as long as it runs.
    private static func swap(_ canary: String) -> String {
        """
        cd /s; mkdir place; ln -s \(canary) link; ln -s ../../../../../../../../..\(canary) link2; echo begun
        while true; do
            mv place aside; mv link place; mv place link; mv link2 place; mv place link2; mv aside place
        done
        """
    }

    @Test(arguments: EngineKind.allCases)
    func `is shut to mounts in a volume that another container changes meanwhile`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            try host.scratch.write("canary/secret", "of the host")
            let canary = host.scratch / "canary"
            let swapper = try await host.create(["sh", "-c", Self.swap(canary)]) {
                $0.hostConfig.binds = ["shared:/s"]
            }
            try await host.startAndWaitForOutput(swapper)
            var (started, leaks) = (0, [String]())
            for round in 0..<Self.rounds {
                let id = try await host.create([
                    "sh", "-c", "touch /s/place/escaped /d/escaped; cat /d/secret /s/place/secret",
                ]) {
                    if round.isMultiple(of: 2) {
                        $0.hostConfig.binds = ["shared:/s", "inner:/s/place"]
                    } else {
                        var mount = Mount()
                        (mount.type, mount.source, mount.target) = ("volume", "shared", "/d")
                        var options = Mount.VolumeOptions()
                        options.subpath = "place"
                        mount.volumeOptions = options
                        $0.hostConfig.mounts = [mount]
                    }
                }
                // It may find a link and be refused; what it must not is to be led out.
                if let result = try? await host.finish(id) {
                    started += 1
                    if result.output.contains("of the host") { leaks.append(result.output) }
                }
                try await host.engine.removeContainer(id, force: true, volumes: true)
            }
            #expect(started > 0)
            #expect(leaks == [])
            #expect(names(in: canary) == ["secret"])
            #expect(try readText(canary + "/secret") == "of the host")
            let mounts = try readText("/proc/self/mountinfo").split(separator: "\n")
            #expect(mounts.filter { $0.contains(canary) } == [])
        }
    }

    @Test(arguments: ["/proc", "/proc/self", "/x/../proc/sys", "/"])
    func `is no volume of an image over what the kernel tells`(path: String) async throws {
        try await TestedEngine.with(.embedded) { host in
            let error = await failure {
                _ = try await host.create(["true"]) { $0.config.volumes = [path: EmptyObject()] }
            }
            #expect(error?.code == .badParameter)
            let made = try await host.volumeNames()
            #expect(made == [])
        }
    }

    @Test func `is shut where somebody has put a link in place of the data`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try host.scratch.write("canary/secret", "of the host")
            try await host.createVolume("v")
            #expect(remove(host.scratch / "volumes/v/_data") == 0)
            try host.scratch.link("volumes/v/_data", to: host.scratch / "canary")
            let error = await failure { _ = try await host.output(of: "true", binds: ["v:/d"]) }
            #expect(error?.message.contains("volume v") == true, "\(String(describing: error))")
            for unit in host.engine.containers.all { try await unit.remove(force: true) }
            try await host.engine.removeVolume("v", force: false)
            #expect(try readText(host.scratch / "canary/secret") == "of the host")
        }
    }
}
