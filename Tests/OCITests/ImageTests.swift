// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import OCI
import Testing

private let hex = String(repeating: "0123456789abcdef", count: 4)

private func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}

@Suite struct `Digests` {
    @Test func `the text form is read and written`() throws {
        let digest = try #require(Digest("sha256:\(hex)"))
        #expect(digest.description == "sha256:\(hex)")
        #expect(digest.short == "0123456789ab")
        #expect(Digest(.sha256, hash: (0..<32).map { UInt8($0) }).hex.hasSuffix("1d1e1f"))
        #expect(Digest("sha512:\(hex)\(hex)") != nil)
    }

    /// The examples of FIPS 180-4 and the hashes of nothing.
    @Test(arguments: [
        ("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            "abc",
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "",
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
    ])
    func `are computed, also piece by piece`(text: String, expected: String) throws {
        let digest = try #require(Digest(expected))
        let bytes = Array(text.utf8)
        #expect(Digest(digest.algorithm, of: bytes) == digest)
        var hash = RunningHash(digest.algorithm)
        for byte in bytes {
            // What has been computed so far can be looked at, and goes on.
            #expect(hash.digest != digest)
            withUnsafeBytes(of: byte) { hash.update($0) }
        }
        #expect(hash.digest == digest)
    }

    @Test(arguments: [
        "", "sha256", "sha256:", "sha256:\(hex)0", "sha256:\(hex.dropLast())", "sha256:\(hex.uppercased())",
        "md5:\(hex)",
        "SHA256:\(hex)", "sha256:../../../../../../../../../../../../../../../../../../../etc/pas", "sha512:\(hex)",
        " sha256:\(hex)", "sha256:\(hex)\n",
    ])
    func `anything else is none`(text: String) {
        #expect(Digest(text) == nil)
        #expect(throws: DecodingError.self) { try decoded([Digest].self, "[\"\(text)\"]") }
    }
}

@Suite struct `Image references` {
    @Test(arguments: [
        ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("grafana/grafana:10", "docker.io/grafana/grafana:10", "grafana/grafana:10"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("docker.io/library/nginx:1", "docker.io/library/nginx:1", "nginx:1"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        ("127.0.0.1:5000/a/b__c-d.e:T_1", "127.0.0.1:5000/a/b__c-d.e:T_1", "127.0.0.1:5000/a/b__c-d.e:T_1"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
        ("Host/a", "Host/a:latest", "Host/a:latest"),
        ("a@sha256:\(hex)", "docker.io/library/a@sha256:\(hex)", "a@sha256:\(hex)"),
        ("a:b@sha256:\(hex)", "docker.io/library/a:b@sha256:\(hex)", "a:b@sha256:\(hex)"),
    ])
    func `parts that are left out are filled in`(text: String, full: String, familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == full)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(full) == reference)
    }

    @Test(arguments: [
        "", "Nginx", "a/B", "a//b", "/a", "a/", "a:", "a:-b", "a@", "a@sha256:12", "-a", "a-", "a..b", "a___b", "a b",
        "a:b:c", "../etc", "a/../b", hex, "ho_st.com/a", "h:port/a", "h:/a", "[::1/a", "a\u{0}", "ä",
        "a:" + String(repeating: "x", count: 129), String(repeating: "x", count: 256),
    ])
    func `what breaks the grammar is refused`(text: String) {
        #expect(throws: ImageReferenceError.self) { try ImageReference(text) }
    }
}

@Suite struct `Platforms` {
    @Test(
        arguments: [
            ("linux/arm64", "arm64/v8", 0), ("arm64", "linux/arm64", 0), ("arm/v7", "arm/v5", 2),
            ("arm/v6", "arm/v7", nil),
            ("amd64/v3", "amd64", 2), ("amd64", "amd64/v2", nil), ("amd64", "386", nil),
            ("x86_64", "linux/amd64/v1", 0),
            ("linux/amd64", "windows/amd64", nil),
        ] as [(String, String, Int?)]
    )
    func `older generations run on newer ones`(machine: String, image: String, distance: Int?) throws {
        #expect(try #require(Platform(machine)).distance(to: #require(Platform(image))) == distance)
    }

    @Test(arguments: ["", "linux/", "/amd64", "a/b/c/d"])
    func `malformed ones are refused`(text: String) {
        #expect(Platform(text) == nil)
    }
}

@Suite struct `Image documents` {
    private let descriptor = #"{"mediaType":"x/y","digest":"sha256:\#(hex)","size":3}"#

    @Test func `a manifest and an index are told apart`() throws {
        let manifest = try decoded(
            ImageDocument.self,
            #"{"schemaVersion":2,"config":\#(descriptor),"layers":[\#(descriptor)]}"#
        )
        guard case .manifest(let image) = manifest else {
            Issue.record("it is a manifest")
            return
        }
        #expect(image.layers.first?.size == 3)
        let index = try decoded(ImageDocument.self, #"{"schemaVersion":2,"manifests":[\#(descriptor)]}"#)
        guard case .index(let list) = index else {
            Issue.record("it is an index")
            return
        }
        #expect(list.manifests.count == 1)
    }

    @Test func `an ambiguous document is refused`() {
        let manifest = MediaType.imageManifest.rawValue
        let index = MediaType.imageIndex.rawValue
        let fields = #""config":\#(descriptor),"layers":[]"#
        for text in [
            #"{"schemaVersion":2,\#(fields),"manifests":[]}"#,
            #"{"schemaVersion":2,"mediaType":"\#(index)",\#(fields)}"#,
            #"{"schemaVersion":2,"mediaType":"\#(manifest)","manifests":[]}"#,
            #"{"schemaVersion":1,\#(fields)}"#,
            #"{"schemaVersion":2}"#,
            #"{\#(fields)}"#,
        ] {
            #expect(throws: DecodingError.self, "\(text)") { try decoded(ImageDocument.self, text) }
        }
    }

    @Test func `a config with Docker's extensions is read`() throws {
        let config = try decoded(
            ImageConfig.self,
            """
            {"architecture":"arm64","os":"linux","variant":"v8","os.version":"1","config":{"Env":["A=1"],"Cmd":null,
            "Entrypoint":[],"ExposedPorts":{"80/tcp":{}},"OnBuild":["RUN x"],"Shell":["/bin/sh"],"StopTimeout":3,
            "Healthcheck":{"Test":["CMD","x"],"Interval":1500000000,"Retries":2}},
            "rootfs":{"type":"layers","diff_ids":["sha256:\(hex)"]},"history":[{"created_by":"x","empty_layer":true}]}
            """
        )
        let container = try #require(config.config)
        #expect(container.cmd == nil)
        #expect(container.entrypoint == [])
        #expect(container.exposedPorts?.keys.first == "80/tcp")
        #expect(container.healthcheck?.interval == .milliseconds(1500))
        #expect(config.rootfs.diffIDs.map(\.hex) == [hex])
        #expect(config.history?.first?.emptyLayer == true)
        #expect(config.platform == Platform(architecture: "arm64", variant: "v8"))
    }
}
