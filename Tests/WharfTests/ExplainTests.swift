// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `config --explain` {
    private static let files = [
        "compose.yaml": """
        services:
          web:
            image: nginx:${TAG:-1}
            environment: {MODE: dev, LEVEL: info}
            env_file: web.env
            labels: {a.b: c}
        """,
        "compose.override.yaml": "services:\n  web:\n    image: nginx:${TAG}\n    environment: [MODE=prod]\n",
        ".env": "# the tag\nTAG=1.27\n",
        "web.env": "FROM_FILE=yes\n",
    ]

    @Test func `names the file, the variable and what was overridden`() throws {
        let output = try Wharf(Self.files).run("config", "--explain", "services.web.image").output
        #expect(output.contains("value       nginx:1.27\n"))
        #expect(output.contains("set at      compose.override.yaml:3:12\n"))
        #expect(output.contains("variable    TAG = \"1.27\" (.env:2:1)\n"))
        #expect(output.contains("overrides   compose.yaml:3:12\n"))
    }

    @Test func `prefers the environment of the process`() throws {
        let output = try Wharf(Self.files)
            .run("config", "--explain", "services.web.image", environment: ["TAG": "9"]).output
        #expect(output.contains("variable    TAG = \"9\" (the environment)\n"))
    }

    @Test(arguments: [
        ("services.web.environment.MODE", "prod", "compose.override.yaml:4:19"),
        ("services.web.environment.LEVEL", "info", "compose.yaml:4:37"),
        ("services.web.environment.FROM_FILE", "\"yes\"", "web.env:1:1"),
        ("services.web.labels.a.b", "c", "compose.yaml:6:19"),
    ])
    func `finds single variables and labels`(path: String, value: String, place: String) throws {
        let output = try Wharf(Self.files).run("config", "--explain", path).output
        #expect(output.contains("value       \(value)\n"))
        #expect(output.contains("set at      \(place)\n"))
    }

    @Test func `suggests the key that was meant`() throws {
        let outcome = try Wharf(Self.files).run("config", "--explain", "services.wbe.image")
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("did you mean `web` instead of `wbe`?"))
    }
}

@Suite struct `graph` {
    private static let files = [
        "compose.yaml": """
        services:
          web: {image: nginx, depends_on: {db: {condition: service_healthy}}, ports: ["8080:80"]}
          db: {image: postgres, volumes: ["data:/x"]}
          other: {image: busybox}
        volumes: {data: }
        """
    ]

    @Test(arguments: [
        ("text", "8080→80"), ("dot", "digraph"), ("mermaid", "flowchart"), ("svg", "<svg"), ("json", "\"layers\""),
    ])
    func `draws each form`(format: String, mark: String) throws {
        let outcome = try Wharf(Self.files).run("graph", "--format", format)
        #expect(outcome.end == .exit(0))
        for text in [mark, "web", "db", "other", "healthy"] {
            #expect(outcome.output.contains(text))
        }
    }

    @Test func `draws only the services that are named and what they depend on`() throws {
        let output = try Wharf(Self.files).run("graph", "web").output
        #expect(output.contains("db"))
        #expect(!output.contains("other"))
    }
}
