// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `Configs and secrets whose engine is killed` {
    @Test func `are there at the next start, and gone with their container`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                var secret = GivenFile()
                (secret.target, secret.kind) = ("/run/secrets/a", "secret")
                secret.content = HiddenBytes(Array("kept".utf8))
                let files = [secret]
                let id = try engine.create(["cat", "/run/secrets/a"], named: "one") { $0.hostConfig.files = files }
                try engine.killEngine()
                try engine.start(id)
                #expect(try engine.wait(id) == 0)
                try engine.killBoth()
                try engine.insist { try $0.startContainer(id) }
                #expect(try engine.wait(id) == 0)
                #expect(try engine.output(of: id) == Array("keptkept".utf8))
                // A policy starts it again in the next engine.
                let restarted = try engine.run(["sh", "-c", "cat /run/secrets/a; exec sleep 1000"], named: "two") {
                    $0.hostConfig.files = files
                    $0.hostConfig.restartPolicy.name = "always"
                }
                try engine.killBoth()
                let pid = Int32(try engine.state(restarted).pid)
                let process = try Descriptor.process(pid)
                try process.signal(SIGKILL)
                SurvivingEngine.waitForEnd(process.number)
                while try engine.state(restarted).pid == 0 || engine.state(restarted).pid == Int(pid) {}
                try engine.remove(restarted)
                try engine.remove(id)
                #expect(!isFolder(engine.location.files))
            }
        }
    }
}
