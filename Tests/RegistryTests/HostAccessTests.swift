// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// An authority, a certificate of a server at 127.0.0.1, and certificates of clients, in files.
private struct TestCertificates {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        let script = """
            key() { openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" "${@:2}" 2>&1; }
            sign() { openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.cert" \
                -extfile <(echo "$2") 2>&1; }
            openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -keyout ca.key -out ca.crt -days 2 2>&1
            key server; sign server subjectAltName=IP:127.0.0.1
            key client; sign client extendedKeyUsage=clientAuth
            openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout other.key -out other.cert -days 2 2>&1
            cat client.cert client.key > both.pem
            cat client.cert > mixed.pem; cat other.key >> mixed.pem
            """
        let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.output + outcome.errors) }
    }

    /// A registry that wants to see a client's certificate.
    func registry() throws -> TestRegistry {
        var options = TestRegistry.Options()
        options.certificate = (scratch / "server.cert", scratch / "server.key")
        options.clientAuthority = scratch / "ca.crt"
        return try TestRegistry(options)
    }

    /// A repository of `images.example.test`, whose `hosts.toml` is beside the certificates.
    func repository(_ text: String) throws -> RemoteRepository {
        try scratch.write("hosts/images.example.test/hosts.toml", text)
        var settings = Waits().settings
        settings.hostsFolders = [scratch / "hosts"]
        settings.certificateFolders = [scratch / "certs"]
        return try RegistryTests.repository(at: "images.example.test", settings)
    }
}

@Suite struct `A certificate of the client` {
    private let files: TestCertificates

    init() throws { files = try TestCertificates() }

    @Test(arguments: [
        "'../../both.pem'", "['../../both.pem']", "[['../../client.cert', '../../client.key']]",
        "[['../../both.pem', '']]",
        "[['../../other.cert', '../../other.key'], ['../../client.cert', '../../client.key']]",
    ])
    func `is shown as hosts.toml says it`(client: String) async throws {
        let registry = try files.registry()
        let text = "server = 'https://\(registry.address)'\nca = '../../ca.crt'\nclient = \(client)\n"
        let repository = try files.repository(text)
        let blob = TestBlob(count: 300_000)
        let outcome = try await repository.push(blob.descriptor) {
            let rest = Mutex<[UInt8]?>(blob.bytes)
            return {
                rest.withLock { rest in
                    defer { rest = nil }
                    return rest
                }
            }
        }
        #expect(outcome == .uploaded)
        #expect(try await repository.blob(blob.descriptor, limit: 1 << 20) == blob.bytes)
    }

    @Test(arguments: [true, false])
    func `lies in the folder of the host, as Docker has it`(hasFolderOfContainerd: Bool) async throws {
        let registry = try files.registry()
        let place = registry.address.split(separator: ":").joined(separator: "_") + "_"
        let folder = hasFolderOfContainerd ? "hosts/\(place)" : "certs/\(registry.address)"
        for name in ["ca.crt", "client.cert", "client.key"] {
            try files.scratch.write("\(folder)/\(name)", try files.scratch.text(name))
        }
        var settings = Waits().settings
        settings.hostsFolders = [files.scratch / "hosts"]
        settings.certificateFolders = [files.scratch / "certs"]
        let repository = try repository(at: registry.address, settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .notFound)
        removeTree(files.scratch / "\(folder)/client.key")
        let without = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(without?.code == .configuration)
        #expect(without?.message.contains("client.cert` has no key beside it; put it into `client.key`") == true)
    }

    @Test(arguments: ["", "client = [['../../other.cert', '../../other.key']]"])
    func `that is missing or not known to the host is told`(line: String) async throws {
        let registry = try files.registry()
        let text = "server = 'https://\(registry.address)'\nca = '../../ca.crt'\n\(line)\n"
        let repository = try files.repository(text)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .unauthorized)
        #expect(error?.message.contains("does not take the client's certificate, or wants one") == true)
    }

    @Test func `that is missing is told of a host that may do without encryption`() async throws {
        let registry = try files.registry()
        try files.scratch.write("certs/\(registry.address)/ca.crt", try files.scratch.text("ca.crt"))
        var settings = Waits().settings
        settings.certificateFolders = [files.scratch / "certs"]
        let repository = try repository(at: registry.address, settings)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .unauthorized)
        #expect(error?.message.contains("does not take the client's certificate, or wants one") == true)
    }

    @Test(arguments: [
        ("'none.pem'", "none.pem"), ("'../../ca.key'", "ca.key"), ("'../../mixed.pem'", "mixed.pem"),
        ("[['../../client.cert', '../../ca.crt']]", "ca.crt"),
    ])
    func `that cannot be read is told with its file`(client: String, file: String) async throws {
        let text = "server = 'https://127.0.0.1:1'\nclient = \(client)\n"
        let repository = try files.repository(text)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("\(file)`") == true, "\(error?.message ?? "")")
    }

    @Test func `that was renewed is shown from then on`() async throws {
        let registry = try files.registry()
        for name in ["cert", "key"] { try files.scratch.write("now.\(name)", try files.scratch.text("other.\(name)")) }
        let repository = try files.repository(
            "server = 'https://\(registry.address)'\nca = '../../ca.crt'\nclient = [['../../now.cert', '../../now.key']]\n"
        )
        let first = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(first?.code == .unauthorized)
        for name in ["cert", "key"] { try files.scratch.write("now.\(name)", try files.scratch.text("client.\(name)")) }
        let second = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(second?.code == .notFound)
    }

    @Test func `is not enough for a host that cannot prove who it is`() async throws {
        let registry = try files.registry()
        let lines = "client = '../../both.pem'\nskip_verify = false\n"
        let repository = try files.repository("server = 'https://\(registry.address)'\n" + lines)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .unreachable && error?.message.contains("CERTIFICATE_VERIFY_FAILED") == true)
    }
}

@Suite struct `What hosts.toml says of a host` {
    /// A repository of `images.example.test` by a `hosts.toml`.
    private func repository(
        _ text: String,
        _ scratch: borrowing Scratch,
        _ credentials: RegistryCredentials = .anonymous,
        notices: NoticeList = NoticeList()
    ) throws -> RemoteRepository {
        try scratch.write("hosts/images.example.test/hosts.toml", text)
        var settings = Waits().settings
        settings.hostsFolders = [scratch / "hosts"]
        return try RegistryTests.repository(at: "images.example.test", settings, credentials, notices: notices)
    }

    @Test func `has headers that go to that host alone, and not to where it points to`() async throws {
        let (scratch, blob) = (try Scratch(), TestBlob(count: 1000))
        let storage = try ScriptedServer { _ in .init(200, [], blob.bytes) }
        let tokens = try ScriptedServer { _ in .init(200, [], Array(#"{"token":"t"}"#.utf8)) }
        let realm = "Bearer realm=\"http://\(tokens.address)/token\",service=\"s\""
        let server = try ScriptedServer { request in
            if request.fields["authorization"] != "Bearer t" { return .init(401, [("WWW-Authenticate", realm)]) }
            return .init(307, [("Location", "http://\(storage.address)/content")])
        }
        let mirror = try ScriptedServer { _ in .init(404) }
        let repository = try repository(
            """
            server = "http://\(server.address)"
            [header]
            X-Server = ["one", "two"]
            Authorization = "own"
            User-Agent = "somebody"
            [host."http://\(mirror.address)".header]
            x-mirror = "three"
            accept-encoding = "identity"
            """,
            scratch
        )
        #expect(try await repository.blob(blob.descriptor, limit: 1 << 20) == blob.bytes)
        let atMirror = mirror.requests.last?.fields
        #expect(atMirror?["x-mirror"] == "three" && atMirror?["accept-encoding"] == "identity")
        #expect(atMirror?["x-server"] == nil && atMirror?["authorization"] == nil)
        #expect(atMirror?["user-agent"] == "wharf")
        #expect(server.requests.map { $0.fields["authorization"] } == ["own", "Bearer t"])
        #expect(server.requests.allSatisfy { $0.fields["x-server"] == "two" && $0.fields["x-mirror"] == nil })
        #expect(server.requests.allSatisfy { $0.fields["user-agent"] == "somebody" })
        for elsewhere in [storage, tokens] {
            #expect(elsewhere.requests.count == 1)
            let fields = elsewhere.requests.first?.fields ?? [:]
            #expect(fields["x-server"] == nil && fields["authorization"] == nil && fields["user-agent"] == "wharf")
        }
    }

    @Test func `has a proxy, which is asked for that host only`() async throws {
        let (scratch, blob) = (try Scratch(), TestBlob(count: 1000))
        let proxy = try ScriptedServer { .init(200, [], $0.method == "CONNECT" ? [] : blob.bytes) }
        let repository = try repository(
            "[host.\"http://127.0.0.1:1\"]\nproxy = \"http://\(proxy.address)\"\ndial_timeout = \"1h\"\n",
            scratch
        )
        #expect(try await repository.blob(blob.descriptor, limit: 1 << 20) == blob.bytes)
        #expect(proxy.requests.map(\.method) == ["CONNECT", "GET"])
        #expect(proxy.requests.map(\.target) == ["127.0.0.1:1", "\(blob.path)?ns=images.example.test"])
    }

    @Test func `has a key without a meaning, which is told once`() async throws {
        let (scratch, blob, notices) = (try Scratch(), TestBlob(count: 1000), NoticeList())
        let server = try ScriptedServer { _ in .init(200, [], blob.bytes) }
        let text = "server = \"http://\(server.address)\"\nskip-verify = true\n"
        let repository = try repository(text, scratch, notices: notices)
        for _ in 0..<2 { _ = try await repository.blob(blob.descriptor, limit: 1 << 20) }
        #expect(
            notices.all == [
                "`\(scratch.path)/hosts/images.example.test/hosts.toml`: the key `skip-verify` means nothing to wharf; check "
                    + "how it is written"
            ]
        )
    }

    @Test(arguments: ["skip_verify = true", ""])
    func `is asked with encryption where it is written so`(line: String) async throws {
        let scratch = try Scratch()
        let server = try ScriptedServer { _ in .init(404) }
        let repository = try repository("server = \"https://\(server.address)\"\n\(line)\n", scratch)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .unreachable && server.requests.isEmpty)
    }

    @Test func `is asked without where TLS is to be tried only`() async throws {
        let scratch = try Scratch()
        let server = try ScriptedServer { _ in .init(404) }
        let repository = try repository("server = \"http://\(server.address)\"\nskip_verify = true\n", scratch)
        let error = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(error?.code == .notFound && server.requests.count == 1)
    }

    @Test func `allows only some requests`() async throws {
        let (scratch, blob) = (try Scratch(), TestBlob(count: 1000))
        let server = try ScriptedServer { _ in .init(404) }
        let mirror = try ScriptedServer { request in
            request.path == blob.path ? .init(200, [], blob.bytes) : .init(404)
        }
        let text = """
            server = "http://\(server.address)"
            capabilities = ["resolve"]
            [host."http://\(mirror.address)"]
            capabilities = ["Pull"]
            """
        let repository = try repository(text, scratch)
        #expect(try await repository.blob(blob.descriptor, limit: 1 << 20) == blob.bytes)
        let resolving = await #expect(throws: RegistryError.self) { try await repository.manifest("1") }
        #expect(resolving?.code == .configuration && resolving?.message.contains("`capabilities`") == true)
        let pushing = await #expect(throws: RegistryError.self) {
            try await repository.push(blob.descriptor) { { nil } }
        }
        #expect(pushing?.code == .denied && pushing?.message.contains("`push`") == true)
        #expect(server.requests.isEmpty && mirror.requests.count == 1)
    }

    @Test(arguments: [
        ("", "", ["registry-1.docker.io/v2/a"]),
        (
            "server = 'https://docker.io'\n[host.'https://registry-1.docker.io']", "",
            [
                "registry-1.docker.io/v2/a", "registry-1.docker.io/v2/a",
            ]
        ),
        ("[host.'https://m.example/x/']", "", ["m.example/x/v2/a?ns=docker.io", "registry-1.docker.io/v2/a"]),
        ("[host.'m.example/v2']", "", ["m.example/v2/a?ns=docker.io", "registry-1.docker.io/v2/a"]),
        (
            "[host.'https://m.example']\noverride_path = true", "",
            [
                "m.example/a?ns=docker.io", "registry-1.docker.io/v2/a",
            ]
        ),
        ("", "server = 'https://all.example'", ["all.example/v2/a?ns=docker.io"]),
        ("capabilities = ['pull']", "server = 'https://all.example'", ["registry-1.docker.io/v2/a"]),
    ])
    func `makes addresses as containerd does`(own: String, every: String, expected: [String]) throws {
        let scratch = try Scratch()
        if !own.isEmpty { try scratch.write("hosts/docker.io/hosts.toml", own) }
        if !every.isEmpty { try scratch.write("hosts/_default/hosts.toml", every) }
        var settings = RegistrySettings()
        settings.hostsFolders = [scratch / "hosts"]
        settings.systemContainersFolder = scratch / "none"
        let route = try settings.route(to: "docker.io", "a")
        #expect(route.sources.map { $0.authority + $0.target("/v2/a") } == expected)
        // Whoever is the registry is told who asks, and nobody else.
        #expect(route.sources.map(\.isMirror) == expected.map { $0.hasPrefix("m.") })
        #expect(route.home == route.sources.last && route.home.resolves && route.home.pushes)
    }

    @Test func `is looked for under the names that a host with a port has`() throws {
        let scratch = try Scratch()
        var settings = RegistrySettings()
        settings.hostsFolders = [scratch / "one", scratch / "two"]
        settings.systemContainersFolder = scratch / "none"
        for name in ["one/_default", "two/r.example:5000", "two/r.example_5000_"] {
            let host = name.replacing("/", with: "-").replacing(":", with: "-").replacing("_", with: "-")
            try scratch.write("\(name)/hosts.toml", "server = 'https://\(host)'")
            #expect(try settings.route(to: "r.example:5000", "a").home.authority == host)
        }
    }
}
