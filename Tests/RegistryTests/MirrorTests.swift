// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistrySupport
import TestSupport
import Testing

@testable import Registry

@Suite struct `A hosts.toml` {
    @Test func `is read as containerd reads it`() throws {
        let file = try HostsFile(
            #"""
            # A comment
            server = "https://registry.example"  # another one

            [host."https://mirror.example:5000/team"]
              capabilities = ["pull",
                              "resolve"]
              ca = ["a.crt", "/b.crt"]
              skip_verify = true
              override_path = true
              [host."https://mirror.example:5000/team".header]
                x-custom = ["1"]
            [host.'http://second.example']
            """#,
            path: "/certs/name/hosts.toml"
        )
        #expect(file.server?.address == "https://registry.example")
        #expect(file.hosts.map(\.address) == ["https://mirror.example:5000/team", "http://second.example"])
        #expect(file.hosts[0].capabilities == [.pull, .resolve] && file.hosts[1].capabilities.count == 3)
        #expect(file.hosts[0].authorities == ["/certs/name/a.crt", "/b.crt"])
        #expect(file.hosts[0].skipsVerification && file.hosts[0].overridesPath && !file.hosts[1].skipsVerification)
    }

    @Test(arguments: ["what", "[host.x]", "skip_verify = \"yes\"", "capabilities = true"])
    func `is refused with the line that is wrong`(line: String) {
        let error = #expect(throws: RegistryError.self) { try HostsFile(line, path: "/etc/hosts.toml") }
        #expect(error.map { "\($0)".contains("/etc/hosts.toml") } == true)
    }

    @Test(arguments: [true, false])
    func `has another host give what a registry has, and the next one where that cannot`(isMirror: Bool) async throws {
        let (registry, scratch) = (try TestRegistry(), try Scratch())
        try makeLayout(in: scratch)
        try skopeo([
            "copy", "--dest-tls-verify=false", "oci:\(scratch.path)/layout:1", "docker://\(registry.address)/a:1",
        ])
        // Nobody listens at the first port of a machine.
        let (nobody, somebody) = ("http://127.0.0.1:1", "http://\(registry.address)")
        let text =
            isMirror
            ? "server = \"\(nobody)\"\n[host.\"\(somebody)\"]\ncapabilities = [\"pull\", \"resolve\"]\n"
            : "server = \"\(somebody)\"\n[host.\"\(nobody)\"]\n"
        try scratch.write("hosts/images.example.test/hosts.toml", text)
        var settings = Waits().settings
        settings.hostsFolders = [scratch / "hosts"]
        let repository = try repository(at: "images.example.test", settings)
        let manifest = try await repository.manifest("1")
        guard case .manifest(let document) = manifest.document else { throw SystemFailure(message: "it is an index") }
        for part in [document.config] + document.layers {
            #expect(try await repository.blob(part, limit: 1 << 20).count == part.size)
        }
    }
}
