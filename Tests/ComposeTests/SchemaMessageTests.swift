// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

@Suite struct `messages of the validation` {
    @Test(
        arguments: [
            ("imagee: a", "3:5 unknown key `imagee` in service `web`; did you mean `image`?"),
            ("zzzzzzzz: a", "3:5 unknown key `zzzzzzzz` in service `web`"),
            ("env: a", "3:5 unknown key `env` in service `web`; did you mean `environment`?"),
            (#""a\nb": a"#, #"3:5 unknown key `a\nb` in service `web`"#),
            ("logging: {drive: a}", "3:15 unknown key `drive` in logging of service `web`; did you mean `driver`?"),
            (
                "ports: [{target: 1, publish: 2}]",
                "3:25 unknown key `publish` in ports[0] of service `web`; did you mean `published`?"
            ),
        ]
    )
    func `an unknown key is told with the nearest known one`(service: String, line: String) throws {
        #expect(try SchemaSample(service: service).lines == [line])
    }

    @Test(
        arguments: [
            (
                "deploy: {restart: always}",
                "3:14 unknown key `restart` in deploy of service `web`; `restart` belongs directly in service `web`"
            ),
            (
                "deploy: {limits: {}}",
                "3:14 unknown key `limits` in deploy of service `web`; `limits` belongs in `resources`"
            ),
            (
                "deploy: {resources: {memory: 1m}}",
                "3:26 unknown key `memory` in deploy.resources of service `web`; "
                    + "`memory` belongs in `limits` or `reservations`"
            ),
            ("services: {}", "3:5 unknown key `services` in service `web`; `services` belongs at the top level"),
            ("dockerfile: a", "3:5 unknown key `dockerfile` in service `web`; `dockerfile` belongs in `build`"),
        ]
    )
    func `a key that exists elsewhere is told with its place`(service: String, line: String) throws {
        #expect(try SchemaSample(service: service).lines == [line])
    }

    @Test(
        arguments: [
            ("image: a", "1:1 unknown key `image` at the top level; `image` belongs in `services.NAME`"),
            ("servces: {}", "1:1 unknown key `servces` at the top level; did you mean `services`?"),
            ("web: {image: a}", "1:1 unknown key `web` at the top level; a service belongs under `services`"),
            (
                "services: {image: a}",
                "1:19 service `image` must be a mapping, not a string; "
                    + "`image` is a key of a service: indent it below the name of a service"
            ),
            (
                "networks: {driver: a}",
                "1:20 network `driver` must be a mapping, not a string; "
                    + "`driver` is a key of a network: indent it below the name of a network"
            ),
            (
                "services: {networks: {front: {}}}",
                "1:23 unknown key `front` in service `networks`; "
                    + "if `networks` is not meant as a service, move it out of `services` to the top level"
            ),
            (
                "services: []",
                "1:11 services must be a mapping, not a list; write it as `key: value` lines, without dashes"
            ),
            ("services: {web: }", "1:17 service `web` must be a mapping, not null; give it a value or remove it"),
            (
                "version: 3.8",
                "1:10 version must be a string, not a number with a fraction; remove it, a compose file needs no version"
            ),
        ]
    )
    func `mistakes of indentation are told`(file: String, line: String) throws {
        #expect(try SchemaSample(file).lines == [line])
    }

    @Test(
        arguments: [
            (
                "ports: {a: b}",
                "3:12 ports of service `web` must be a list, not a mapping; write each entry as an item with a dash: `- …`"
            ),
            (
                "restart: false",
                #"3:14 restart of service `web` must be a string, not a boolean; write it in quotes: "no""#
            ),
            (
                "hostname: true",
                #"3:15 hostname of service `web` must be a string, not a boolean; write it in quotes: "true""#
            ),
            ("user: 1000", "3:11 user of service `web` must be a string, not a number; write it in quotes"),
            ("image: 2001-01-01", "3:12 image of service `web` must be a string, not a date; write it in quotes"),
            (
                "stop_grace_period: 10",
                "3:24 stop_grace_period of service `web` must be a string, not a number; write it with a unit: 10s"
            ),
            ("init: []", "3:11 init of service `web` must be a boolean or a string, not a list; write true or false"),
            (
                #"use_api_socket: "yes""#,
                "3:21 use_api_socket of service `web` must be a boolean, not a string; write it without quotes: true"
            ),
            (
                "dns: 1",
                "3:10 dns of service `web` must be a string or a list of strings, not a number; write it in quotes"
            ),
            (
                "expose: 80",
                "3:13 expose of service `web` must be a list of numbers or strings, not a number; write it as a list: [80]"
            ),
            (
                "cap_add: ALL",
                #"3:14 cap_add of service `web` must be a list of strings, not a string; write it as a list: ["ALL"]"#
            ),
            (
                "command: {a: b}",
                "3:14 command of service `web` must be a string or a list of strings, not a mapping; "
                    + "write each entry as an item with a dash: `- …`"
            ),
            (
                "environment: [A: b]",
                "3:19 environment[0] of service `web` must be a string, not a mapping; "
                    + "write `A=b`, or remove the dashes"
            ),
            (
                "command: [echo: hi]",
                "3:15 command[0] of service `web` must be a string, not a mapping; "
                    + "write it in quotes, since `: ` makes it a mapping"
            ),
            (
                "logging: {options: {a: true}}",
                "3:28 logging.options.a of service `web` must be a number or a string, not a boolean; "
                    + #"write it in quotes: "true""#
            ),
            (
                "mem_swappiness: 1.5",
                "3:21 mem_swappiness of service `web` must be an integer or a string, not a number with a fraction; "
                    + "write it in quotes"
            ),
        ]
    )
    func `a value of the wrong kind is told with the accepted forms`(service: String, line: String) throws {
        #expect(try SchemaSample(service: service).lines == [line])
    }

    @Test(
        arguments: [
            (
                "cgroup: hots",
                "3:13 cgroup of service `web` must be `host` or `private`, not `hots`; did you mean `host`?"
            ),
            ("gpus: al", "3:11 gpus of service `web` must be `all` or a list, not `al`; did you mean `all`?"),
            ("cpu_percent: 101", "3:18 cpu_percent of service `web` must be between 0 and 100, not 101"),
            ("cpu_count: -1.0", "3:16 cpu_count of service `web` must be at least 0, not -1.0"),
            (
                "container_name: a",
                "3:21 container_name of service `web` must have a letter or digit "
                    + "followed by a letter, digit, `_`, `.` or `-`, unlike `a`"
            ),
            ("environment: {\"\": a}", "3:19 environment of service `web` has an empty key"),
            (
                "networks: {\"a b\": }",
                "3:16 name `a b` in networks of service `web` may only have letters, digits, `.`, `_` and `-`"
            ),
        ]
    )
    func `a value that is not accepted is told`(service: String, line: String) throws {
        let sample = try SchemaSample(service: service)
        #expect(sample.lines == [line])
        #expect(sample.diagnostics.first?.code == .invalidValue)
    }

    @Test func `a missing key is told at the key of its mapping`() throws {
        let sample = try SchemaSample(service: "depends_on:\n  db:\n    required: true")
        #expect(
            sample.lines == [
                "4:7 missing key `condition` in depends_on.db of service `web`; "
                    + "give it one of `service_started`, `service_healthy` or `service_completed_successfully`"
            ]
        )
        #expect(sample.diagnostics.first?.code == .missingKey)
        #expect(sample.diagnostics.first?.path == "services.web.depends_on.db.condition")
    }

    @Test func `a duplicate item points to the first one`() throws {
        let sample = try SchemaSample(service: "cap_add:\n  - A\n  - B\n  - A\n  - A")
        #expect(sample.lines.count == 2)
        #expect(sample.lines.first == "6:9 duplicate item `A` in cap_add of service `web`; remove one of them")
        let first = try #require(sample.diagnostics.first)
        #expect(first.code == .duplicateItem)
        #expect(first.path == NodePath([.key("services"), .key("web"), .key("cap_add"), .index(2)]))
        #expect(first.notes.map(\.origin.line) == [4])
    }

    @Test func `a name that is not allowed is told with the kind of thing that it names`() throws {
        #expect(
            try SchemaSample(#"volumes: {"a b": }"#).lines == [
                "1:11 volume name `a b` may only have letters, digits, `.`, `_` and `-`"
            ]
        )
    }

    @Test func `all mistakes are told in the order of the file`() throws {
        let sample = try SchemaSample(
            """
            foo: 1
            services:
              web:
                image: 1
                ports: 80
                deploy: {replicas: [], resources: {limits: {cpu: 1}}}
              db:
                imag: a
            networks: {a: {internal: 1}}
            """
        )
        #expect(sample.diagnostics.map { $0.origin?.line } == [1, 4, 5, 6, 6, 8, 9])
        let paths = sample.diagnostics.map(\.path.description)
        #expect(paths[3...4] == ["services.web.deploy.replicas", "services.web.deploy.resources.limits.cpu"])
    }
}
