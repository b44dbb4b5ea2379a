// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

@Suite struct `A printed project` {
    @Test func `has every key of a canonical file in its place`() throws {
        let (project, diagnostics) = try ModelFixture.decode(Project.self, ModelFixture.everyKey)
        #expect(diagnostics.isEmpty)
        #expect(ModelFixture.yaml(project) == ModelFixture.everyKey)
    }

    @Test(arguments: [
        // Zero values are left out,
        ("{tty: false, shm_size: 0, hostname: '', dns: [], labels: {}, ulimits: {}}", "{}\n"),
        ("{cpus: 0, cpu_percent: 0, oom_score_adj: 0, mem_swappiness: 0, image: ''}", "{}\n"),
        (
            "{volumes: [{type: tmpfs, target: /a, tmpfs: {mode: 0}}]}",
            "volumes:\n  - type: tmpfs\n    target: /a\n    tmpfs: {}\n"
        ),
        // but not where nothing and zero differ,
        ("{init: false, attach: true, scale: 0}", "attach: true\ninit: false\nscale: 0\n"),
        ("{command: [], entrypoint: ''}", "command: []\nentrypoint: []\n"),
        ("{command: null}", "{}\n"),
        ("{stop_grace_period: '0'}", "stop_grace_period: 0s\n"),
        ("{healthcheck: {retries: 0, start_period: 0s}}", "healthcheck:\n  retries: 0\n  start_period: 0s\n"),
        ("{healthcheck: {test: []}, logging: {}, deploy: {}}", "deploy: {}\nhealthcheck: {}\nlogging: {}\n"),
        ("{deploy: {resources: {limits: {}}, placement: {}}}", "deploy:\n  resources:\n    limits: {}\n"),
        ("{networks: {b: null, a10: {}, a9: {}}}", "networks:\n  a9: {}\n  a10: {}\n  b: null\n"),
        ("{extra_hosts: {a: []}}", "extra_hosts: []\n"),
        ("{gpus: [{count: 0}, {count: all}]}", "gpus:\n  - {}\n  - count: -1\n"),
        // nor where the key always has a value.
        ("{depends_on: {a: {}}}", "depends_on:\n  a:\n    condition: service_started\n    required: true\n"),
        (
            "{blkio_config: {device_read_iops: [{}]}}",
            "blkio_config:\n  device_read_iops:\n    - path: \"\"\n      rate: \"0\"\n"
        ),
        (
            "{develop: {watch: [{exec: {command: null}}]}}",
            "develop:\n  watch:\n    - path: \"\"\n      action: rebuild\n"
        ),
        (
            "{develop: {watch: [{exec: {command: []}}]}}",
            "develop:\n  watch:\n    - path: \"\"\n      action: rebuild\n      exec:\n        command: []\n"
        ),
        ("{ulimits: {a: 0, b: 5}}", "ulimits:\n  a:\n    soft: 0\n    hard: 0\n  b: 5\n"),
        // Numbers and texts change their form.
        ("{cpus: 0.123456789, cpu_percent: 33}", "cpu_percent: 33\ncpus: 0.12345679\n"),
        ("{cpus: 123456789}", "cpus: 1.2345679e+08\n"),
        ("{mem_limit: 1m, memswap_limit: -1}", "mem_limit: \"1048576\"\nmemswap_limit: \"-1\"\n"),
        ("{secrets: [{source: a, mode: 0440}]}", "secrets:\n  - source: a\n    mode: \"0440\"\n"),
        ("{stop_grace_period: 1w2d3h4m5s6ms7us8ns}", "stop_grace_period: 219h4m5.006007008s\n"),
        ("{build: {ssh: {b: /x, a: , c: null}}}", "build:\n  ssh:\n    - 'b: /x'\n    - a\n    - c\n"),
        ("{extra_hosts: ['b=1,2', 'b:3', 'a=[::1]']}", "extra_hosts:\n  - a=::1\n  - b=1\n  - b=2\n  - b=3\n"),
        (
            "{provider: {type: t, options: {a: 1.5, b: [x, true]}}}",
            "provider:\n  type: t\n  options:\n    a:\n      - \"1.5\"\n    b:\n      - x\n      - \"true\"\n"
        ),
        // The user's own keys come last, sorted, with everything in them sorted as well.
        (
            "{x-b: 1, x-10: {z: 1, a: [{c: 1, b: 2}]}, x-9: 1, tty: true}",
            "tty: true\nx-9: 1\nx-10:\n  a:\n    - b: 2\n      c: 1\n  z: 1\nx-b: 1\n"
        ),
        ("{x-a: 2020-1-2, x-b: [], x-c: null}", "x-a: 2020-01-02T00:00:00Z\nx-b: []\nx-c: null\n"),
        ("{gpus: [{driver: a, x-a: 1}]}", "gpus:\n  - driver: a\n"),
    ])
    func `prints a service as Docker Compose does`(text: String, printed: String) throws {
        let (service, diagnostics) = try ModelFixture.decode(Service.self, text)
        #expect(diagnostics.isEmpty)
        #expect(ModelFixture.yaml(service) == printed)
    }

    @Test(arguments: [
        ("{}", #"{"command":null,"entrypoint":null}"#),
        ("{command: [], x-a: 1}", #"{"command":[],"entrypoint":null}"#),
        ("{deploy: {}}", #"{"command":null,"deploy":{"resources":{},"placement":{}},"entrypoint":null}"#),
        (
            "{develop: {watch: [{path: a, action: sync}]}}",
            #"{"develop":{"watch":[{"path":"a","action":"sync","exec":{"command":null}}]},"command":null,"entrypoint":null}"#
        ),
        (
            "{blkio_config: {weight_device: [{path: a}], device_read_bps: [{path: a, rate: 1k}]}}",
            #"{"blkio_config":{"weight_device":[{"Path":"a","Weight":0}],"#
                + #""device_read_bps":[{"Path":"a","Rate":"1024"}]},"command":null,"entrypoint":null}"#
        ),
        (
            "{ulimits: {a: {soft: 0, hard: 1}, a10: 0, a9: 7}}",
            #"{"command":null,"entrypoint":null,"ulimits":{"a":{"hard":1},"a10":{},"a9":7}}"#
        ),
        (
            "{build: {ssh: {k: /path, default: }}}",
            #"{"build":{"ssh":["k=/path","default"]},"command":null,"entrypoint":null}"#
        ),
    ])
    func `prints a service in JSON with its own rules`(text: String, printed: String) throws {
        let service = try ModelFixture.decode(Service.self, text).object
        #expect(ModelFixture.json(service) == printed)
    }

    @Test func `keeps only its own extensions in JSON, drops the models and sorts its keys`() throws {
        let text =
            "{name: p, x-a: {x-b: 1}, services: {}, models: {m: {model: a}}, networks: {n: {x-c: 1}}, configs: {c: {}}}"
        let project = try ModelFixture.decode(Project.self, text).object
        #expect(
            ModelFixture.json(project)
                == #"{"configs":{"c":{}},"name":"p","networks":{"n":{"ipam":{}}},"services":{},"x-a":{"x-b":1}}"#
        )
    }

    @Test func `never shows what a secret holds, nor what the environment has put into a config`() throws {
        let text =
            "{name: p, secrets: {s: {environment: E, content: hidden}}, configs: {c: {environment: E, content: hidden}, d: {content: shown}}}"
        let project = try ModelFixture.decode(Project.self, text).object
        #expect(project.secrets["s"]?.content == "hidden")
        #expect(project.configs["c"]?.content == "hidden")
        for printed in [ModelFixture.yaml(project), ModelFixture.json(project)] {
            #expect(!printed.contains("hidden"))
            #expect(printed.contains("shown"))
        }
    }

    @Test func `leaves out the disabled services, the files and the options of address management`() throws {
        var project = try ModelFixture.decode(Project.self, "{name: p, networks: {n: {ipam: {options: {a: b}}}}}")
            .object
        project.disabledServices["off"] = Service()
        project.files = ["/project/compose.yaml"]
        project.workingDirectory = "/project"
        #expect(project.networks["n"]?.ipam.options == ["a": "b"])
        #expect(ModelFixture.yaml(project) == "name: p\nservices: {}\nnetworks:\n  \"n\": {}\n")
    }
}
