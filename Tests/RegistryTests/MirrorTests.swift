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
              client = [["client.cert", "/client.key"], ["both.pem", ""]]
              skip_verify = true
              override_path = true
              dial_timeout = "1m2.5s"
              proxy = "http://proxy.example:3128/"
              [host."https://mirror.example:5000/team".header]
                x-custom = ["1", "2"]
                x-other = "3"
            [host.'http://second.example']
              client = ["one.pem", "/two.pem"]
            """#,
            path: "/certs/name/hosts.toml"
        )
        #expect(file.server.address == "https://registry.example" && file.warnings.isEmpty)
        #expect(file.hosts.map(\.address) == ["https://mirror.example:5000/team", "http://second.example"])
        #expect(file.hosts[0].capabilities == [.pull, .resolve] && file.hosts[1].capabilities.count == 3)
        #expect(file.hosts[0].overridesPath && !file.hosts[1].overridesPath)
        #expect(
            file.hosts[0].access
                == HostAccess(
                    authorities: ["/certs/name/a.crt", "/b.crt"],
                    certificates: [
                        ClientCertificate(file: "/certs/name/client.cert", key: "/client.key"),
                        ClientCertificate(file: "/certs/name/both.pem", key: "/certs/name/both.pem"),
                    ],
                    skipsVerification: true,
                    headers: [
                        .init(name: "x-custom", value: "1"), .init(name: "x-custom", value: "2"),
                        .init(name: "x-other", value: "3"),
                    ],
                    connectTimeout: .seconds(62.5),
                    proxy: ProxySettings.Proxy(host: "proxy.example", port: 3128)
                )
        )
        let certificates = file.hosts[1].access.certificates
        #expect(certificates.map(\.file) == ["/certs/name/one.pem", "/two.pem"])
        #expect(certificates.map(\.key) == certificates.map(\.file))
    }

    @Test func `may say something of the registry without another place for it, and what it has in vain is told`()
        throws
    {
        let text = "ca = 'a.crt'\nheaders = 1\n[host.x]\ncapabilities = []\nskip-verify = true"
        let file = try HostsFile(text, path: "/certs/hosts.toml")
        #expect(file.server.address.isEmpty && file.server.access.authorities == ["/certs/a.crt"])
        #expect(file.hosts.map(\.capabilities) == [[.pull, .push, .resolve]])
        #expect(
            file.warnings.map { String($0.prefix { $0 != ";" }) } == [
                "`/certs/hosts.toml`: the key `headers` means nothing to wharf",
                "`/certs/hosts.toml`: the key `host.\"x\".skip-verify` means nothing to wharf",
            ]
        )
    }

    @Test(arguments: [
        ("what", "line 1: `what`"), ("a = 1\nb =", "line 2: `b =`"), ("server = \"x", "line 1"),
        ("[host.mirror.example]", "in quotes"), ("host = 1", "`host`"), ("server = 1", "`server`"),
        ("skip_verify = \"yes\"", "`skip_verify`"), ("capabilities = true", "`capabilities`"),
        ("capabilities = [\"pul\"]", "`pul`"), ("ca = [1]", "`ca`"), ("client = [[\"a\"]]", "`client`"),
        ("client = true", "`client`"), ("header = \"a\"", "`header`"), ("[header]\nx = 1", "`header.x`"),
        ("[header]\nhost = \"a\"", "`header.host`"), ("[header]\nx = \"a\\r\\nb\"", "`header.x`"),
        ("[header]\n\"x y\" = \"a\"", "`header.x y`"), ("dial_timeout = \"5\"", "`dial_timeout`"),
        ("proxy = \"socks5://p:1\"", "`proxy`"),
    ])
    func `is refused with what is wrong`(text: String, expected: String) {
        let error = #expect(throws: RegistryError.self) { try HostsFile(text, path: "/etc/hosts.toml") }
        #expect(error?.code == .configuration && error?.message.hasPrefix("`/etc/hosts.toml`") == true)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func `that cannot be read is told, and is not passed over`() async throws {
        let scratch = try Scratch()
        try scratch.write("hosts/images.example.test/hosts.toml/file", "")
        var settings = Waits().settings
        settings.hostsFolders = [scratch / "hosts"]
        let repository = try repository(at: "images.example.test", settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(
            error?.message
                == "cannot read `\(scratch.path)/hosts/images.example.test/hosts.toml`: is a directory; mend it, or remove it"
        )
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
