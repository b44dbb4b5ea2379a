// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// Three registries of which the first one has every image, and what they are asked.
private final class Registries: Sendable {
    let servers: [ScriptedServer]
    let manifest: TestBlob
    private let log: Log

    private final class Log: Sendable {
        let list = Mutex<[String]>([])
    }

    /// - Parameter owners: Which of them have every image.
    /// - Throws: The error of a call.
    init(_ owners: Set<Int> = [0]) throws {
        let config = TestBlob(Array("{}".utf8), .imageConfig)
        let document = ImageManifest(config: config.descriptor, layers: [])
        let manifest = TestBlob(Array(try JSONEncoder().encode(document)), .imageManifest)
        let log = Log()
        servers = try (0..<3).map { number in
            try ScriptedServer { request in
                if request.path == "/v2/" { return .init(200) }
                log.list.withLock { $0.append("\("ABC".dropFirst(number).prefix(1))\(request.target)") }
                guard owners.contains(number), request.path.contains("/manifests/") else { return .init(404) }
                return .init(200, [("Content-Type", MediaType.imageManifest.rawValue)], manifest.bytes)
            }
        }
        (self.manifest, self.log) = (manifest, log)
    }

    /// A text in which `{A}`, `{B}` and `{C}` are the addresses of the registries, and `{digest}` what they have.
    func filled(_ text: String) -> String {
        var text = text.replacing("{digest}", with: "\(manifest.descriptor.digest)")
        for (name, server) in zip(["A", "B", "C"], servers) { text = text.replacing("{\(name)}", with: server.address) }
        return text
    }

    /// What was asked since the last time, but for what clients ask to find out what kind of server it is.
    func takeRequests() -> [String] {
        log.list.withLock { list in
            defer { list = [] }
            return list
        }
    }
}

@Suite struct `A registries.conf` {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Settings for which the files of the user are below the scratch folder, and nothing else is but the system's.
    private var settings: RegistrySettings {
        var settings = Waits().settings
        settings.hostsFolders = [scratch / "hosts"]
        settings.userContainersFolder = scratch / ".config/containers"
        return settings
    }

    private static let cases: [(files: [String], image: String, requests: [String])] = [
        (["[[registry]]\nlocation = '{A}'\ninsecure = true\n"], "{A}/a:1", ["A/v2/a/manifests/1"]),
        (
            [
                """
                unqualified-search-registries = ["example.com"]
                [[registry]]
                location = "{A}"
                insecure = true
                [[registry.mirror]]
                location = "{B}/x"
                insecure = true
                [[registry.mirror]]
                location = "{C}"
                insecure = true
                """
            ], "{A}/team/a:1", ["B/v2/x/team/a/manifests/1", "C/v2/team/a/manifests/1", "A/v2/team/a/manifests/1"]
        ),
        (
            [
                """
                [[registry]]
                prefix = "images.example.test/team"
                location = "{A}/other"
                insecure = true
                [[registry]]
                prefix = "images.example.test"
                location = "{B}"
                [[registry]]
                prefix = "images.example.test/tea"
                location = "{C}"
                """
            ], "images.example.test/team/a:1", ["A/v2/other/a/manifests/1"]
        ),
        (
            [
                """
                [[registry]]
                prefix = "*.example.test"
                location = "{A}/wild"
                insecure = true
                """
            ], "deep.images.example.test/team/a:1", ["A/v2/wild/team/a/manifests/1"]
        ),
        (
            [
                """
                [[registry]]
                prefix = "docker.io/library"
                location = "{A}/hub"
                insecure = true
                """
            ], "alpine:1", ["A/v2/hub/alpine/manifests/1"]
        ),
        (
            [
                "[[registry]]\nlocation = '{A}'\ninsecure = true\n"
                    + "[[registry]]\nprefix = '{A}/tea'\nlocation = '{C}/other'\ninsecure = true\n"
            ], "{A}/team/a:1", ["A/v2/team/a/manifests/1"]
        ),
        ([Self.forDigests("mirror-by-digest-only = true")], "{A}/a:1", ["A/v2/a/manifests/1"]),
        (
            [Self.forDigests("mirror-by-digest-only = true")], "{A}/a@{digest}",
            ["B/v2/a/manifests/{digest}", "C/v2/a/manifests/{digest}", "A/v2/a/manifests/{digest}"]
        ),
        (
            [Self.forDigests("", "digest-only", "tag-only")], "{A}/a:1",
            ["C/v2/a/manifests/1", "A/v2/a/manifests/1"]
        ),
        (
            [Self.forDigests("", "digest-only", "all")], "{A}/a@{digest}",
            ["B/v2/a/manifests/{digest}", "C/v2/a/manifests/{digest}", "A/v2/a/manifests/{digest}"]
        ),
        ([Self.forDigests("", "tag-only", "tag-only")], "{A}/a@{digest}", ["A/v2/a/manifests/{digest}"]),
        (
            [
                "[[registry]]\nprefix = 'one.example.test'\nlocation = '{B}'\n",
                "[[registry]]\nprefix = 'one.example.test'\nlocation = '{A}/new'\ninsecure = true\n",
            ], "one.example.test/a:1", ["A/v2/new/a/manifests/1"]
        ),
        (["[[registry]]\nprefix = '{A}/a'\nblocked = true\ninsecure = true\n"], "{A}/a:1", []),
        (["[[registry]]\nprefix = '{A}'\ninsecure = true\nlocation = 'http://{B}'\n"], "{A}/a:1", []),
        (["[[registry]]\nprefix = '*.example.test/a'\nlocation = '{A}'\n"], "b.example.test/a:1", []),
        (["[[registry]]\ninsecure = true\n"], "{A}/a:1", []),
        (["[[registry]]\nlocation = '{A}'\ninsecure = true\n[[registry.mirror]]\ninsecure = true\n"], "{A}/a:1", []),
        ([Self.forDigests("mirror-by-digest-only = true", "all", "all")], "{A}/a:1", []),
        ([Self.forDigests("", "none", "all")], "{A}/a:1", []),
        (["[[registry]]\nlocation = '{A}'\ninsecure = 1\n"], "{A}/a:1", []),
    ]

    /// The registry A with the mirrors B and C.
    private static func forDigests(_ line: String, _ uses: String...) -> String {
        var text = "[[registry]]\nlocation = '{A}'\ninsecure = true\n\(line)\n"
        for (number, name) in ["{B}", "{C}"].enumerated() {
            text += "[[registry.mirror]]\nlocation = '\(name)'\ninsecure = true\n"
            if uses.count > number { text += "pull-from-mirror = '\(uses[number])'\n" }
        }
        return text
    }

    @Test(arguments: cases)
    func `has images asked for where skopeo asks for them`(
        files: [String],
        image: String,
        requests: [String]
    ) async throws {
        let registries = try Registries()
        for (number, text) in files.enumerated() {
            let name = number == 0 ? "registries.conf" : "registries.conf.d/\(number).conf"
            try scratch.write(".config/containers/\(name)", registries.filled(text))
        }
        let name = registries.filled(image)
        let arguments = ["--insecure-policy", "inspect", "--raw", "docker://\(name)"]
        let environment = ["HOME": scratch.path, "PATH": "/usr/bin:/bin"]
        let outcome = try Command("/usr/bin/skopeo", arguments, environment: environment).run()
        let expected = requests.map(registries.filled)
        #expect(outcome.end == .exit(requests.isEmpty ? 1 : 0), "\(outcome.errors)")
        #expect(registries.takeRequests() == expected)

        let reference = try ImageReference(name)
        let repository = RegistryClient(settings).repository(of: reference)
        let manifest = try? await repository.manifest(reference.digest.map { "\($0)" } ?? reference.tag ?? "")
        #expect(manifest?.bytes == (requests.isEmpty ? nil : registries.manifest.bytes))
        #expect(registries.takeRequests() == expected)
    }

    @Test func `with mistakes in it is refused with them`() throws {
        for (text, expected) in [
            ("[[registry]]\nlocation = 'a.example'\nblocked = true\n", "a.example/a is not to be used: "),
            ("[[registry]]\n", "neither `prefix` nor `location`"), ("registry = 1\n", "`[[registry]]`"),
            ("[[registry]]\nprefix = 'a.example/b:1'\n", "a tag or a digest"), ("a\n", "line 1: `a`"),
            ("[[registry]]\nprefix = 'a.*.example'\n", "a star"),
            ("[[registry]]\nlocation = 'https://a'\n", "a scheme"),
            ("[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\n", "no `location`"),
            ("[[registry]]\nprefix = 'a.example'\nlocation = 'b'\n", "a host with a repository"),
            ("[[registry]]\nprefix = 'a.example/a'\nlocation = 'b.example'\n", "a host with a repository"),
        ] {
            try scratch.write(".config/containers/registries.conf", text)
            let error = #expect(throws: RegistryError.self) { try settings.route(to: "a.example", "a") }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("/.config/containers/registries.conf`") == true)
            #expect(error?.code == (expected.contains("not to be used") ? .denied : .configuration))
        }
    }

    @Test func `has keys without a meaning, which are told, and some that are for others`() throws {
        let text = """
            short-name-mode = "enforcing"
            [aliases]
            "a" = "b.example/a"
            [registries.search]
            registries = []
            [[registry]]
            prefix = "a.example"
            mirrors = []
            [[registry.mirror]]
            location = "b.example"
            secure = true
            """
        var file = RegistriesFile()
        try file.add(text, path: "f")
        #expect(file.warnings.count == 3 && file.namespaces.map(\.prefix) == ["a.example"])
        for (warning, word) in zip(file.warnings, ["version 1", "`registry.mirror.secure`", "`registry.mirrors`"]) {
            #expect(file.warnings.contains { $0.contains(word) }, "\(warning)")
        }
    }

    @Test func `counts after the hosts.toml of a registry, and before that of all`() throws {
        try scratch.write(
            ".config/containers/registries.conf",
            "[[registry]]\nprefix='a.example'\nlocation='b.example'\n"
        )
        func host(_ registry: String) throws -> String? {
            try settings.route(to: registry, "a").sources.first?.authority
        }
        #expect(try host("a.example") == "b.example" && host("c.example") == "c.example")
        try scratch.write("hosts/_default/hosts.toml", "server = 'https://all.example'")
        #expect(try host("a.example") == "b.example" && host("c.example") == "all.example")
        try scratch.write("hosts/a.example/hosts.toml", "server = 'https://own.example'")
        #expect(try host("a.example") == "own.example")
    }

    @Test func `of the user is in the place of the system's, and its folder in any case`() throws {
        var settings = settings
        settings.systemContainersFolder = scratch / "etc"
        func hosts() throws -> [String] {
            try ["a", "b", "c", "d"].map { try settings.route(to: "\($0).example", "a").sources[0].authority }
        }
        func location(_ host: String, _ other: String) -> String {
            "[[registry]]\nprefix = '\(host).example'\nlocation = '\(other).example'\n"
        }
        try scratch.write("etc/registries.conf", location("a", "main") + location("b", "main"))
        try scratch.write("etc/registries.conf.d/1.conf", location("b", "drop-in") + location("c", "drop-in"))
        try scratch.write("etc/registries.conf.d/2.txt", "no TOML")
        try scratch.write(".config/containers/registries.conf.d/1.conf", location("c", "user"))
        #expect(try hosts() == ["main.example", "drop-in.example", "user.example", "d.example"])
        try scratch.write(".config/containers/registries.conf", location("d", "user"))
        #expect(try hosts() == ["a.example", "b.example", "user.example", "user.example"])
    }

    @Test func `makes pushes go nowhere else, and credentials to nobody else`() async throws {
        let registries = try Registries([1])
        try scratch.write(
            ".config/containers/registries.conf",
            registries.filled(
                "[[registry]]\nprefix = '{A}'\nlocation = '{C}/x'\ninsecure = true\n[[registry.mirror]]\nlocation = '{B}'\n"
            )
        )
        let reference = try ImageReference(registries.filled("{A}/a:1"))
        let own = RegistryCredentials(registryToken: "secret")
        let repository = RegistryClient(settings).repository(of: reference, own)
        _ = try await repository.manifest("1")
        _ = try? await repository.push(registries.manifest.descriptor) { { nil } }
        _ = try? await repository.blob(registries.manifest.descriptor, limit: 1 << 20)
        let digest = "\(registries.manifest.descriptor.digest)"
        #expect(
            registries.takeRequests() == [
                "B/v2/a/manifests/1", "A/v2/a/blobs/\(digest)", "A/v2/a/blobs/uploads/", "B/v2/a/blobs/\(digest)",
                "C/v2/x/a/blobs/\(digest)",
            ]
        )
        let asked = registries.servers.map { Set($0.requests.compactMap { $0.fields["authorization"] }) }
        #expect(asked == [["Bearer secret"], [], []])
    }

    @Test func `has tokens asked for by the name that the other place has`() async throws {
        let blob = TestBlob(count: 1000)
        let tokens = try ScriptedServer { _ in .init(200, [], Array(#"{"token":"t"}"#.utf8)) }
        let realm = "Bearer realm=\"http://\(tokens.address)/token\",service=\"s\""
        let server = try ScriptedServer { request in
            if request.fields["authorization"] != "Bearer t" { return .init(401, [("WWW-Authenticate", realm)]) }
            return .init(200, [], blob.bytes)
        }
        let text = "[[registry]]\nprefix = 'a.example/team'\nlocation = '\(server.address)/x'\ninsecure = true\n"
        try scratch.write(".config/containers/registries.conf", text)
        let repository = RegistryClient(settings).repository(of: try ImageReference("a.example/team/a:1"))
        #expect(try await repository.blob(blob.descriptor, limit: 1 << 20) == blob.bytes)
        #expect(tokens.requests.map(\.target) == ["/token?service=s&scope=repository%3Ax%2Fa%3Apull"])
    }

    @Test func `says which hosts may do without encryption`() throws {
        let text = """
            [[registry]]
            prefix = "a.example"
            insecure = true
            [[registry.mirror]]
            location = "b.example"
            """
        try scratch.write(".config/containers/registries.conf", text)
        let route = try settings.route(to: "a.example", "a")
        #expect(route.sources.map(\.isInsecure) == [false, true] && route.home.isInsecure)
        #expect(route.sources.map(\.access.skipsVerification) == [nil, true])
        #expect(try settings.route(to: "a.example").home.isInsecure)
        #expect(try !settings.route(to: "a.example:5000", "a").home.isInsecure)
    }
}
