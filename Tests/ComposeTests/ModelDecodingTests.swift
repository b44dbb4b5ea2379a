// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

@Suite struct `Decoding a project` {
    @Test(arguments: [
        ("mem_limit: 10x", "mem_limit"),
        ("mem_limit: ''", "mem_limit"),
        ("healthcheck: {interval: '10'}", "healthcheck.interval"),
        ("healthcheck: {interval: ''}", "healthcheck.interval"),
        ("healthcheck: {retries: -1}", "healthcheck.retries"),
        ("deploy: {update_config: {parallelism: -2}}", "deploy.update_config.parallelism"),
        ("deploy: {resources: {limits: {cpus: x}}}", "deploy.resources.limits.cpus"),
        ("blkio_config: {weight: '10'}", "blkio_config.weight"),
        ("volumes: [{type: tmpfs, tmpfs: {mode: '0777'}}]", "volumes[0].tmpfs.mode"),
        ("volumes: [{type: tmpfs, tmpfs: {mode: -1}}]", "volumes[0].tmpfs.mode"),
        ("volumes: [{type: bind, bind: {create_host_path: maybe}}]", "volumes[0].bind.create_host_path"),
        ("volumes: [{type: floppy}]", "volumes[0].type"),
        ("secrets: [{source: s, mode: 0x}]", "secrets[0].mode"),
        ("configs: [{source: s, mode: 5.5}]", "configs[0].mode"),
        ("configs: [{source: s, mode: ''}]", "configs[0].mode"),
        ("configs: [{source: s, mode: '9223372036854775808'}]", "configs[0].mode"),
        ("depends_on: {b: {restart: '1'}}", "depends_on.b.restart"),
        ("gpus: [{count: x}]", "gpus[0].count"),
        ("command: a 'b", "command"),
        ("environment: ['A =b']", "environment[0]"),
        ("build: {args: ['A ']}", "build.args[0]"),
        ("extra_hosts: [a]", "extra_hosts[0]"),
        ("extra_hosts: ['=1']", "extra_hosts"),
        ("extra_hosts: {'a:b': '1'}", "extra_hosts"),
        ("ports: [{target: 80, published: 80.5}]", "ports[0].published"),
        ("ports: [{target: -1}]", "ports[0].target"),
        ("storage_opt: {a: 1.5}", "storage_opt.a"),
        ("storage_opt: {a: true}", "storage_opt.a"),
        ("group_add: [1.5]", "group_add[0]"),
        ("dns: {a: b}", "dns"),
        ("deploy: [1]", "deploy"),
        ("networks: {a: 1}", "networks.a"),
        ("labels: 1", "labels"),
    ])
    func `reports what does not fit, with its path and place`(text: String, path: String) throws {
        let (_, diagnostics) = try ModelFixture.decode(Service.self, text)
        #expect(diagnostics.map(\.path.description) == [path])
        #expect(diagnostics.map(\.severity) == [.error])
        #expect(diagnostics.allSatisfy { $0.origin?.line == 1 && !$0.message.isEmpty })
    }

    @Test func `goes on after a problem and leaves the default in its place`() throws {
        let text = "{mem_limit: 10x, tty: 5, image: a, ports: [{target: x}, {target: 80}], stop_grace_period: never}"
        let (service, diagnostics) = try ModelFixture.decode(Service.self, text)
        #expect(
            diagnostics.map(\.path.description) == ["mem_limit", "tty", "ports[0].target", "stop_grace_period"]
        )
        #expect(service.image == "a")
        #expect(service.memoryLimit == nil)
        #expect(!service.tty)
        #expect(service.ports.map(\.target) == [nil, 80])
    }

    @Test func `passes over what an earlier phase has reported`() {
        let invalid = Node(.invalid)
        let keys = Service.keys + Build.keys + Deploy.keys
        let mapping = Mapping(uniqueEntries: Set(keys).map { Mapping.Entry(key: $0, value: invalid) })
        let list = Node(.sequence([invalid]))
        var context = DecodingContext()
        #expect(Service(decoding: Node(.mapping(mapping)), in: &context) == Service())
        #expect(Build(decoding: Node(.mapping(mapping)), in: &context) == Build())
        #expect(Deploy(decoding: Node(.mapping(mapping)), in: &context) == Deploy())
        let nested: Mapping = ["environment": list, "command": list, "ports": list, "dns": list, "extra_hosts": list]
        #expect(Service(decoding: Node(.mapping(nested)), in: &context).ports.isEmpty)
        #expect(Project(decoding: invalid, in: &context) == Project())
        #expect(context.diagnostics.isEmpty)
    }

    @Test(arguments: [
        ("mem_limit: 10e3", "{}\n"),
        ("mem_limit: 99999999999999999999", "{}\n"),
        ("cpu_shares: 18446744073709551615", "cpu_shares: -1\n"),
        ("cpu_count: 1.0", "cpu_count: 1\n"),
        ("pids_limit: 1.7", "pids_limit: 1\n"),
        ("pids_limit: '7'", "pids_limit: 7\n"),
        ("blkio_config: {weight: 70000}", "blkio_config:\n  weight: 4464\n"),
        ("ports: [{target: 70000}]", "ports:\n  - target: 70000\n"),
        ("ports: [{target: 99999999999}]", "ports:\n  - target: 1215752191\n"),
        ("ports: [{target: 80.0, published: 99}]", "ports:\n  - target: 80\n    published: \"99\"\n"),
        ("storage_opt: {a: null, b: 3}", "storage_opt:\n  a: \"\"\n  b: \"3\"\n"),
        (
            "labels: {a: 1234567.0, b: 1.10, c: true, d: }",
            "labels:\n  a: \"1.234567e+06\"\n  b: \"1.1\"\n  c: \"true\"\n  d: \"\"\n"
        ),
        ("labels: [a=b=c, d]", "labels:\n  a: b=c\n  d: \"\"\n"),
        ("annotations: ['A =b']", "annotations:\n  'A ': b\n"),
        ("environment: [A=1, B, =c]", "environment:\n  \"\": c\n  A: \"1\"\n  B: null\n"),
        ("environment: {A : 1e3, B: , x-c: 2}", "environment:\n  A: \"1000\"\n  B: null\n  x-c: \"2\"\n"),
        ("healthcheck: {test: a b}", "healthcheck:\n  test:\n    - CMD-SHELL\n    - a b\n"),
        ("command: a 'b c'", "command:\n  - a\n  - b c\n"),
        ("ulimits: {a: '5', b: {soft: 1, hard: -1}}", "ulimits:\n  a: 5\n  b:\n    soft: 1\n    hard: -1\n"),
        ("dns: 1.1.1.1", "dns:\n  - 1.1.1.1\n"),
        ("group_add: [g, 1000]", "group_add:\n  - g\n  - \"1000\"\n"),
        (
            "configs: [{source: s, mode: '444'}, {source: t, mode: -5}]",
            "configs:\n  - source: s\n    mode: \"0444\"\n  - source: t\n    mode: 0-5\n"
        ),
        ("build: {ssh: [default, k=/p]}", "build:\n  ssh:\n    - default\n    - 'k: /p'\n"),
        (
            "networks: {n: {priority: 1.5, gw_priority: -2.9}}",
            "networks:\n  \"n\":\n    gw_priority: -2\n    priority: 1\n"
        ),
    ])
    func `takes every form that Docker Compose takes`(text: String, printed: String) throws {
        let (service, diagnostics) = try ModelFixture.decode(Service.self, text)
        #expect(diagnostics.isEmpty)
        #expect(ModelFixture.yaml(service) == printed)
    }

    @Test func `warns of truth values in the spelling of old`() throws {
        let (build, diagnostics) = try ModelFixture.decode(Build.self, "{no_cache: yes, pull: Off}")
        #expect(build.noCache)
        #expect(!build.pull)
        #expect(diagnostics.map(\.severity) == [.warning, .warning])
        #expect(diagnostics.map(\.suggestion) == ["write `true`", "write `false`"])
    }

    @Test func `reads the obsolete form of an external resource`() throws {
        #expect(try ModelFixture.decode(Network.self, "{external: {name: n}}").object.external)
        #expect(try ModelFixture.decode(Volume.self, "{external: 'true'}").object.external)
    }

    @Test func `starts the paths of its diagnostics where it is told to`() {
        var context = DecodingContext(path: "services.web")
        let node: Mapping = ["tty": Node("perhaps")]
        _ = Service(decoding: Node(.mapping(node)), in: &context)
        #expect(context.diagnostics.map(\.path) == ["services.web.tty"])
        #expect(context.path == "services.web")
    }
}
