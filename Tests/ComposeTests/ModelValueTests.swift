// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `An image reference` {
    @Test(
        arguments: [
            ("nginx", "docker.io", "library/nginx", nil, nil),
            ("nginx:1.27", "docker.io", "library/nginx", "1.27", nil),
            ("grafana/grafana", "docker.io", "grafana/grafana", nil, nil),
            ("localhost/a/b:c", "localhost", "a/b", "c", nil),
            ("registry.example:5000/a", "registry.example:5000", "a", nil, nil),
            ("ghcr.io/a/b@sha256:0", "ghcr.io", "a/b", nil, "sha256:0"),
            ("a:t@sha256:0", "docker.io", "library/a", "t", "sha256:0"),
            ("index.docker.io/a", "docker.io", "library/a", nil, nil),
            ("docker.io/a", "docker.io", "library/a", nil, nil),
            ("", "docker.io", "library/", nil, nil),
            ("@", "docker.io", "library/", nil, ""),
            (":", "docker.io", "library/", "", nil),
        ] as [(String, String, String, String?, String?)]
    )
    func `has the parts that Docker sees in it`(
        text: String,
        registry: String,
        repository: String,
        tag: String?,
        digest: String?
    ) {
        let reference = ImageReference(text)
        #expect(reference.registry == registry)
        #expect(reference.repository == repository)
        #expect(reference.tag == tag)
        #expect(reference.digest == digest)
    }
}

@Suite struct `A file mode` {
    @Test(arguments: [("0440", 0o440), ("444", 0o444), ("-5", -5), ("0", 0)])
    func `is read from octal digits`(text: String, bits: Int64) {
        #expect(FileMode(octal: text)?.bits == bits)
    }

    @Test(arguments: ["", "8", "0o7", "rw", "9223372036854775808"])
    func `is nothing else`(text: String) {
        #expect(FileMode(octal: text) == nil)
    }

    @Test func `is written with a leading zero`() {
        #expect(FileMode(0o440).description == "0440")
    }
}

@Suite struct `A date among the user's own keys` {
    @Test(arguments: [
        ("2020-1-2", "2020-01-02T00:00:00Z"),
        ("2001-12-14T21:59:43.100+00:00", "2001-12-14T21:59:43.1Z"),
        ("2001-1-4 1:9:3.1000", "2001-01-04T01:09:03.1Z"),
        ("2001-12-14T21:59:43.123456789123Z", "2001-12-14T21:59:43.123456789Z"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
        ("2001-12-14T21:59:43.0Z", "2001-12-14T21:59:43Z"),
        ("2001-12-14t1:2:3+14:00", "2001-12-14T01:02:03+14:00"),
    ])
    func `is printed in full`(text: String, printed: String) throws {
        let service = try ModelFixture.decode(Service.self, "x-a: \(text)").object
        #expect(ModelFixture.yaml(service) == "x-a: \(printed)\n")
    }
}
