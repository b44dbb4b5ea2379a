// SPDX-License-Identifier: Apache-2.0

import Composition
import ConformanceKit
import Synchronization
import TestSupport
import Testing

private let program = Tools.findReference()

@Suite(.enabled(if: program != nil, "Docker Compose is not there: Tests/Conformance/fetch-oracle gets it"))
struct `What a project asks of the engine` {
    @Test func `has every key that acts in a request`() {
        let words = Set(
            oracleCases.flatMap {
                $0.text.split { !($0.isLetter || $0.isNumber || "_-".contains($0)) }.map(String.init)
            }
        )
        let keys = ServiceKey.all.filter { $0.place == .request }.flatMap { key in
            key.path.split(separator: ".").last.map { [String($0)] } ?? []
        }
        // A key that Docker Compose does not know.
        #expect(Set(keys).subtracting(words).sorted() == ["x-wharf-idmap"])
    }

    /// How many engines the cases are shared among.
    private static let shares = 2

    @Test func `is what Docker Compose asks of it`() async throws {
        let found = try await withThrowingTaskGroup(of: Set<Int>.self) { group in
            for share in 0..<Self.shares { group.addTask { try await Self.compare(share) } }
            return try await group.reduce(into: Set<Int>()) { $0.formUnion($1) }
        }
        for (index, difference) in meantDifferences.enumerated() where !found.contains(index) {
            Issue.record("no project shows it: \(difference.reason)")
        }
    }

    @Test func `is shown by Docker Compose with its age`() async throws {
        let program = try #require(program)
        try await Installation.with { host in
            try await host.succeed("wharf image import -c 'CMD [\"sh\"]' busybox.tar busybox")
            try host.scratch.write("compose.yaml", "name: p\nservices: {web: {image: busybox}}\n")
            let outcome = try await host.shell(
                "set -e; \(program) create 2> errors; \(program) images; \(program) down 2> errors"
            )
            #expect(outcome.end == .exit(0), "\(outcome.errors)")
            #expect(outcome.output.contains("busybox"))
            #expect(!outcome.output.contains("years"), "\(outcome.output)")
        }
    }

    /// Compares a share of the projects.
    ///
    /// - Returns: Which of the differences that are meant there were.
    private static func compare(_ share: Int) async throws -> Set<Int> {
        let program = try #require(program)
        let found = Mutex<Set<Int>>([])
        try await Installation.with { host in
            try await host.succeed(
                """
                wharf image import -c 'CMD ["sh"]' busybox.tar busybox
                ip link add parent0 type bridge; ip link set parent0 up
                """
            )
            let oracle = ComposeOracle(host: host, program: program)
            for (index, oracleCase) in oracleCases.enumerated() where index % shares == share {
                var rest: [String] = []
                for line in try await oracle.differences(of: oracleCase, in: "case\(index)") {
                    let reasons = meantDifferences.indices.filter {
                        meantDifferences[$0].explains(line, in: oracleCase)
                    }
                    found.withLock { $0.formUnion(reasons) }
                    if reasons.isEmpty { rest.append(line) }
                }
                if !rest.isEmpty { Issue.record("\(oracleCase.text)\n\(rest.joined(separator: "\n"))") }
            }
        }
        return found.withLock(\.self)
    }
}

extension MeantDifference {
    func explains(_ line: String, in oracleCase: OracleCase) -> Bool {
        (text.isEmpty || oracleCase.text.contains(text)) && paths.contains { line.contains($0) }
    }
}

private let configHash = ".Labels.com.docker.compose.config-hash "

/// Where wharf asks for something else, and why.
private let meantDifferences = [
    MeantDifference(
        paths: [".Labels.com.docker.compose.version "],
        reason: "the version is that of the program that made it"
    ),
    MeantDifference(
        text: "label_file:",
        paths: [configHash],
        reason: "Docker Compose labels with another hash than `config --hash` prints; wharf's are the same"
    ),
    MeantDifference(text: "service:web", paths: [configHash], reason: "identifiers of other containers are in it"),
    MeantDifference(text: "volumes_from:", paths: [configHash], reason: "identifiers of other containers are in it"),
    MeantDifference(
        text: "volumes_from: ['web:ro']",
        paths: [".VolumesFrom[0]", ".RW = ", ".Mode = "],
        reason: "Docker Compose forgets that the volumes are to be read only"
    ),
    MeantDifference(
        text: "use_api_socket:",
        paths: [configHash, ".Binds[0]", ".Mounts[0].Source", ".Config.Env"],
        reason: "the socket is that of the engine, and there are no credentials to give along"
    ),
    MeantDifference(
        text: "stop_grace_period: 1500ms",
        paths: [".StopTimeout "],
        reason: "a part of a second counts as one, since half a second is not none"
    ),
    MeantDifference(
        text: "ipv4_address:",
        paths: [".IPAddress = ", ".IPv6Gateway = "],
        reason: "Docker Compose says addresses twice, and calls that of IPv6 a gateway"
    ),
    MeantDifference(
        text: "expose:",
        paths: [".Config.ExposedPorts."],
        reason: "the engine is asked for each port with its protocol"
    ),
    MeantDifference(
        text: "secrets:",
        paths: [".Mounts", ".XWharfFiles["],
        reason: "files of secrets are in memory only, with their owners and permissions"
    ),
    MeantDifference(
        text: "configs:",
        paths: [".Mounts", ".XWharfFiles["],
        reason: "files of configs have their owners and permissions"
    ),
]

/// Projects that have every key of a service that acts in a request, and those of networks and volumes.
private let oracleCases: [OracleCase] =
    processCases + lifeCases + resourceCases + networkCases + storageCases + projectCases

private let processCases: [OracleCase] = [
    .web("command: [sleep, '5']"),
    .web("command: sleep 5 'a b'"),
    .web("command: []"),
    .web("entrypoint: [/bin/sh, -c]\n    command: [echo]"),
    .web("entrypoint: []"),
    .web("environment: {A: b, EMPTY: '', FROM_HOST: , UNSET: }"),
    .web("env_file: [a.env]\n    environment: [C=d]", files: ["a.env": "A=b\nC=e\n"]),
    .web("annotations: {a.b/c: d}"),
    .web("labels: {a: b, com.example.x: 'y z'}\n    label_file: l", files: ["l": "c=d\n"]),
    .web("hostname: h\n    domainname: d.example"),
    .web("user: '1000:50'\n    working_dir: /tmp\n    group_add: [staff, '7']"),
    .web("tty: true\n    stdin_open: true"),
    .web("init: true\n    read_only: true"),
    .web("init: false"),
    .web("privileged: true"),
    .web("cap_add: [NET_ADMIN, CAP_SYS_TIME]\n    cap_drop: [ALL]"),
    .web("security_opt: ['no-new-privileges:true']"),
    .web("security_opt: [seccomp=unconfined, systempaths=unconfined]"),
    .web("security_opt: ['seccomp=./p.json']", files: ["p.json": "{\n \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n"]),
    .web("ipc: shareable\n    pid: host\n    uts: host\n    userns_mode: host\n    cgroup: host"),
    .web("ipc: private\n    cgroup: private"),
    .web("sysctls: {net.core.somaxconn: 1024, kernel.shmmax: 1000000}"),
    .web("platform: linux/amd64\n    runtime: runc"),
    .web("container_name: mine"),
    .web("use_api_socket: true"),
]

private let lifeCases: [OracleCase] = [
    .web("restart: always"),
    .web("restart: unless-stopped"),
    .web("restart: 'on-failure:3'"),
    .web("restart: 'no'"),
    .web("restart: always\n    deploy: {restart_policy: {condition: on-failure, max_attempts: 4, delay: 3s}}"),
    .web("deploy: {restart_policy: {condition: none}}"),
    .web("deploy: {restart_policy: {condition: any}}"),
    .web("stop_signal: SIGINT\n    stop_grace_period: 1m30s"),
    .web("stop_grace_period: 0s"),
    .web("stop_grace_period: 1500ms"),
    .web("logging: {driver: json-file, options: {max-size: 10m, max-file: '3'}}"),
    .web("logging: {driver: none}"),
    .web(
        "healthcheck: {test: [CMD, 'true'], interval: 5s, timeout: 3s, retries: 4, start_period: 10s, start_interval: 2s}"
    ),
    .web("healthcheck: {test: 'exit 0'}"),
    .web("healthcheck: {interval: 1m}"),
    .web("healthcheck: {disable: true}"),
    .web("healthcheck: {test: [NONE]}"),
]

private let resourceCases: [OracleCase] = [
    .web("cpus: 0.5\n    cpuset: '0'\n    cpu_shares: 512"),
    .web("cpus: 1.1"),
    .web("cpu_period: 50000\n    cpu_quota: 25000"),
    .web("mem_limit: 64m\n    mem_reservation: 32m\n    memswap_limit: 128m\n    shm_size: 16m"),
    .web("mem_limit: 64m\n    memswap_limit: -1\n    mem_swappiness: 20"),
    .web("oom_kill_disable: true\n    oom_score_adj: 500\n    pids_limit: 100"),
    .web("pids_limit: -1"),
    .web(
        "deploy: {resources: {limits: {cpus: '0.25', memory: 50M, pids: 7}, reservations: {cpus: '0.1', memory: 20M}}}"
    ),
    .web("ulimits: {nproc: 100, nofile: {soft: 1000, hard: 2000}, core: 0}"),
    .web("cgroup_parent: some"),
    .web("devices: [/dev/null, '/dev/zero:/dev/other:r', {source: /dev/full, target: /dev/third, permissions: rw}]"),
    .web("device_cgroup_rules: ['c 1:3 mr', 'a 7:* rmw']"),
    .web("cpu_rt_period: 100000\n    cpu_rt_runtime: 50000"),
    .web(
        "blkio_config: {weight: 300, weight_device: [{path: /dev/null, weight: 400}], device_read_bps: [{path: /dev/null, rate: 12mb}], device_read_iops: [{path: /dev/null, rate: 120}], device_write_bps: [{path: /dev/null, rate: 1024k}], device_write_iops: [{path: /dev/null, rate: 30}]}"
    ),
]

private let networkCases: [OracleCase] = [
    .web("network_mode: none"),
    .web("network_mode: host"),
    .web("network_mode: bridge"),
    .web(
        "network_mode: none\n  other: {image: busybox, network_mode: 'service:web', ipc: 'service:web', pid: 'service:web'}"
    ),
    .web("ports: ['80', '8080:81', '127.0.0.1:8081:82', '9000-9002:9000-9002/udp', '53:53/udp', '9100-9110:99']"),
    .web("ports: [{target: 80, published: '8080', host_ip: 127.0.0.1, protocol: tcp, mode: host, name: web}]"),
    .web("ports: ['80:80', '81:80']"),
    .web("expose: ['80', '90/udp', '7000-7002']"),
    .web("dns: [1.1.1.1, 9.9.9.9]\n    dns_search: [a.example]\n    dns_opt: [ndots:2, use-vc]"),
    .web("dns_search: ."),
    .web("extra_hosts: ['a:10.0.0.1', 'a:10.0.0.2', 'b=host-gateway', 'c:::1']"),
    .web("mac_address: 02:42:ac:11:00:05"),
    .web("networks: {default: {aliases: [a, b]}}"),
    .web(
        "networks: {n: {ipv4_address: 10.231.9.5, link_local_ips: [169.254.8.8], mac_address: '02:00:00:00:00:07'}}",
        and: "networks: {n: {ipam: {config: [{subnet: 10.231.9.0/24}]}}}"
    ),
    .web(
        "networks: {n: {ipv4_address: 10.231.9.5, ipv6_address: 'fd00:9::5'}}",
        and: "networks: {n: {enable_ipv6: true, ipam: {config: [{subnet: 10.231.9.0/24}, {subnet: 'fd00:9::/64'}]}}}"
    ),
    .web(
        "networks: {a: , b: {priority: 10, aliases: [x]}, c: {gw_priority: 5, driver_opts: {com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1}}}",
        and: "networks: {a: , b: , c: }"
    ),
    .web("networks: {default: {interface_name: lan0}}"),
    .web("links: [db, 'db:base']\n  db: {image: busybox}"),
    .web("links: [db]\n    networks: [a, b]\n  db: {image: busybox, networks: [a]}", and: "networks: {a: , b: }"),
    .web("external_links: ['x:y', z]"),
    .web("", and: "networks: {default: {name: own, labels: {a: b}, internal: true, attachable: true}}"),
    .web("", and: "networks: {default: {driver: bridge, driver_opts: {com.docker.network.bridge.name: oracle0}}}"),
    .web(
        "",
        and: """
            networks:
              default:
                ipam:
                  driver: default
                  config: [{subnet: 10.231.8.0/24, ip_range: 10.231.8.128/25, gateway: 10.231.8.3, aux_addresses: {x: 10.231.8.9}}]
            """
    ),
    .web("", and: "networks: {default: {driver: macvlan, driver_opts: {parent: parent0, macvlan_mode: bridge}}}"),
    .web("", and: "networks: {default: {enable_ipv4: true, enable_ipv6: false}}"),
]

private let storageCases: [OracleCase] = [
    .web("volumes: [/anonymous]"),
    .web("volumes: ['./made:/a', './ro:/b:ro', './z:/c:z']"),
    .web("volumes: [{type: bind, source: ./made, target: /a}]", files: ["made/file": ""]),
    .web("volumes: [{type: bind, source: ./made, target: /a, bind: {create_host_path: true, selinux: Z}}]"),
    .web(
        "volumes: [{type: bind, source: ./there, target: /a, read_only: true, bind: {create_host_path: false, propagation: rprivate, recursive: readonly}}]",
        files: ["there/file": ""]
    ),
    .web(
        "volumes: [{type: bind, source: ./there, target: /a, bind: {recursive: disabled}}]",
        files: ["there/file": ""]
    ),
    .web("volumes: ['vol:/a', 'vol:/b:ro', 'wol:/c:nocopy']", and: "volumes: {vol: , wol: }"),
    .web(
        "volumes: [{type: volume, source: vol, target: /a, volume: {nocopy: true}}, {type: volume, source: vol, target: /b, volume: {subpath: sub}}]",
        and: "volumes: {vol: {name: own, labels: {a: b}}}"
    ),
    .web("volumes: [{type: volume, target: /a, volume: {labels: {a: b}}}]"),
    .web("volumes: [{type: tmpfs, target: /a, tmpfs: {size: 10m, mode: 0o1770}}, {type: tmpfs, target: /b}]"),
    .web("volumes: [{type: image, source: busybox, target: /a}]"),
    .web("volumes: [{type: image, source: busybox, target: /a, image: {subpath: bin}}]"),
    .web("tmpfs: [/run, '/tmp:size=10m,mode=1777']"),
    .web(
        "volumes: ['vol:/v']",
        and: "volumes: {vol: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}}"
    ),
    .web("volumes: ['vol:/v']\n  other: {image: busybox, volumes_from: [web]}", and: "volumes: {vol: }"),
    .web("volumes: ['vol:/v']\n  other: {image: busybox, volumes_from: ['web:ro']}", and: "volumes: {vol: }"),
    .web(
        "configs: [c, {source: d, target: /etc/d, uid: '5', gid: '6', mode: 0440}, e]",
        and: "configs: {c: {file: ./c}, d: {content: text}, e: {environment: FROM_HOST}}",
        files: ["c": "content"]
    ),
    .web(
        "secrets: [s, {source: t, target: named}, u]",
        and: "secrets: {s: {file: ./s}, t: {file: ./s}, u: {environment: FROM_HOST}}",
        files: ["s": "content"]
    ),
]

private let projectCases: [OracleCase] = [
    .web("deploy: {replicas: 3}"),
    .web("scale: 2\n    depends_on: [db]\n  db: {image: busybox}"),
    .web(
        "depends_on: {db: {condition: service_healthy, restart: true}}\n  db: {image: busybox, healthcheck: {test: 'true'}}"
    ),
    .web("profiles: [p]\n  other: {image: busybox}"),
    .web("pull_policy: never\n    attach: false\n    x-own: {a: b}"),
    .web("post_start: [{command: 'true'}]\n    pre_stop: [{command: 'true'}]"),
    .project(
        """
        services:
          web: {image: busybox, networks: [front, back], depends_on: [app], ports: ['80:80']}
          app: {image: busybox, networks: [back], environment: {DB: db}, volumes: ['data:/data', './conf:/conf:ro']}
          db: {image: busybox, networks: {back: {aliases: [sql]}}, volumes: ['data:/data']}
        networks: {front: , back: {internal: true}}
        volumes: {data: }
        """
    ),
]
