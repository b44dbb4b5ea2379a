// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// Runs skopeo, which must succeed.
@discardableResult
func skopeo(_ arguments: [String]) throws -> String {
    let outcome = try Command("/usr/bin/skopeo", ["--insecure-policy"] + arguments).run()
    guard outcome.end == .exit(0) else { throw SystemFailure(message: "skopeo \(arguments): \(outcome.errors)") }
    return outcome.output
}

/// An image as an OCI layout that umoci made, with one layer.
func makeLayout(in scratch: Scratch) throws {
    let script = """
        umoci init --layout layout && umoci new --image layout:1
        mkdir -p tree/etc && echo hello > tree/etc/greeting
        umoci insert --image layout:1 tree/etc /etc
        """
    let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
    guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
}

@Suite struct `Debian's registry` {
    @Test func `gives what skopeo has put there`() async throws {
        let (registry, scratch) = (try TestRegistry(), try Scratch())
        try makeLayout(in: scratch)
        try skopeo([
            "copy", "--dest-tls-verify=false", "oci:\(scratch.path)/layout:1", "docker://\(registry.address)/a:1",
        ])
        let raw = try skopeo(["inspect", "--raw", "--tls-verify=false", "docker://\(registry.address)/a:1"])
        let repository = try repository(at: registry.address, .patient)
        let manifest = try await repository.manifest("1")
        #expect(String(decoding: manifest.bytes, as: UTF8.self) == raw)
        #expect(try await repository.digest(ofTag: "1") == manifest.descriptor.digest)
        guard case .manifest(let document) = manifest.document else { throw SystemFailure(message: "it is an index") }
        for part in [document.config] + document.layers {
            #expect(try await repository.blob(part, limit: 1 << 20).count == part.size)
        }
    }

    @Test func `takes what skopeo reads then, and gives a blob from one repository to another`() async throws {
        let registry = try TestRegistry()
        let (layer, config) = (TestBlob(count: 600_000), TestBlob(Array("{}".utf8), .imageConfig))
        let document = ImageManifest(config: config.descriptor, layers: [layer.descriptor])
        let manifest = TestBlob(Array(try JSONEncoder().encode(document)), .imageManifest)
        let target = try repository(at: registry.address, .patient)
        for (blob, outcome) in [(layer, BlobPush.uploaded), (config, .uploaded), (layer, .existed)] {
            #expect(try await target.push(blob.descriptor) { Self.pieces(of: blob) } == outcome)
        }
        try await target.push(manifest: manifest.bytes, manifest.descriptor, as: "1")
        let raw = try skopeo(["inspect", "--raw", "--tls-verify=false", "docker://\(registry.address)/a:1"])
        #expect(Array(raw.utf8) == manifest.bytes)
        let other = try RegistryClient().repository(of: ImageReference("\(registry.address)/b:1"))
        let mounted = try await other.push(layer.descriptor, mountingFrom: ["none", "a"]) { Self.pieces(of: layer) }
        #expect(mounted == .mounted(from: "a"))
    }

    private static func pieces(of blob: TestBlob) -> @Sendable () async throws -> [UInt8]? {
        let rest = Mutex(blob.bytes[...])
        return {
            rest.withLock { rest in
                let piece = Array(rest.prefix(100_000))
                rest = rest.dropFirst(piece.count)
                return piece.isEmpty ? nil : piece
            }
        }
    }

    @Test func `wants a user where it has passwords, and shows its certificate`() async throws {
        let scratch = try Scratch()
        let script = """
            htpasswd -Bbn u secret > passwords
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test \
                -addext subjectAltName=IP:127.0.0.1 2>&1
            """
        let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
        #expect(outcome.end == .exit(0), "\(outcome.errors)")
        try makeLayout(in: scratch)
        var options = TestRegistry.Options()
        options.passwords = scratch / "passwords"
        options.certificate = (scratch / "cert.pem", scratch / "key.pem")
        let registry = try TestRegistry(options)
        try skopeo([
            "copy", "--dest-tls-verify=false", "--dest-creds", "u:secret", "oci:\(scratch.path)/layout:1",
            "docker://\(registry.address)/a:1",
        ])
        let credentials = RegistryCredentials(username: "u", password: "secret")
        #expect(try await repository(at: registry.address, .patient, credentials).digest(ofTag: "1") != nil)
        for wrong in [RegistryCredentials.anonymous, RegistryCredentials(username: "u", password: "other")] {
            let repository = try repository(at: registry.address, .patient, wrong)
            let error = await #expect(throws: RegistryError.self) { try await repository.digest(ofTag: "1") }
            #expect(error?.code == .unauthorized)
        }
    }
}
