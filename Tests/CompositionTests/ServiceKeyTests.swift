// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import TestSupport
import Testing

/// The objects of a service, each with the path of its keys.
private let objects: [(path: String, keys: [String])] = [
    ("", Service.keys), ("blkio_config.", BlockIO.keys), ("env_file[].", EnvFile.keys),
    ("healthcheck.", Healthcheck.keys), ("logging.", Logging.keys), ("depends_on.*.", Dependency.keys),
    ("post_start[].", Hook.keys), ("pre_stop[].", Hook.keys), ("devices[].", Compose.DeviceMapping.keys),
    ("networks.*.", ServiceNetwork.keys), ("ports[].", Port.keys), ("configs[].", FileReference.keys),
    ("secrets[].", FileReference.keys), ("volumes[].", Compose.Mount.keys),
    ("volumes[].bind.", Compose.Mount.BindOptions.keys), ("volumes[].volume.", Compose.Mount.VolumeOptions.keys),
    ("volumes[].tmpfs.", Compose.Mount.TmpfsOptions.keys), ("volumes[].image.", Compose.Mount.ImageOptions.keys),
    ("deploy.", Deploy.keys), ("deploy.update_config.", UpdateConfig.keys),
    ("deploy.resources.", Compose.Resources.keys), ("deploy.resources.limits.", Resource.keys),
    ("deploy.resources.reservations.", Resource.keys), ("deploy.restart_policy.", Compose.RestartPolicy.keys),
    ("deploy.placement.", Placement.keys),
]

/// Values for keys that take none of the usual ones, as the lines of a service.
private let samples: [String: String] = [
    "annotations": "annotations: {a: b}", "cap_add": "cap_add: [SYS_TIME]", "cap_drop": "cap_drop: [CHOWN]",
    "cgroup": "cgroup: host", "command": "command: [a]", "container_name": "container_name: mine",
    "domainname": "domainname: d", "entrypoint": "entrypoint: [a]", "environment": "environment: {A: b}",
    "group_add": "group_add: [5]", "hostname": "hostname: h", "image": "image: other", "init": "init: true",
    "ipc": "ipc: host", "labels": "labels: {a: b}", "pid": "pid: host", "platform": "platform: linux/arm64",
    "privileged": "privileged: true", "read_only": "read_only: true", "runtime": "runtime: runc",
    "security_opt": "security_opt: ['seccomp=unconfined']", "stdin_open": "stdin_open: true",
    "sysctls": "sysctls: {net.core.somaxconn: 5}", "tty": "tty: true", "use_api_socket": "use_api_socket: true",
    "user": "user: '5'", "userns_mode": "userns_mode: host", "uts": "uts: host", "working_dir": "working_dir: /w",
    "healthcheck": "healthcheck: {test: [CMD, a]}", "healthcheck.test": "healthcheck: {test: [CMD, a]}",
    "healthcheck.timeout": "healthcheck: {timeout: 2s}", "healthcheck.interval": "healthcheck: {interval: 2s}",
    "healthcheck.retries": "healthcheck: {retries: 2}", "healthcheck.start_period": "healthcheck: {start_period: 2s}",
    "healthcheck.start_interval": "healthcheck: {start_period: 1s, start_interval: 2s}",
    "healthcheck.disable": "healthcheck: {disable: true}", "logging": "logging: {driver: none}",
    "logging.driver": "logging: {driver: none}", "logging.options": "logging: {options: {max-size: 1m}}",
    "restart": "restart: 'on-failure:3'", "stop_grace_period": "stop_grace_period: 1500ms",
    "stop_signal": "stop_signal: SIGINT", "blkio_config": "blkio_config: {weight: 20}",
    "blkio_config.weight": "blkio_config: {weight: 20}",
    "blkio_config.weight_device": "blkio_config: {weight_device: [{path: /dev/null, weight: 20}]}",
    "blkio_config.device_read_bps": "blkio_config: {device_read_bps: [{path: /dev/null, rate: 1k}]}",
    "blkio_config.device_read_iops": "blkio_config: {device_read_iops: [{path: /dev/null, rate: 20}]}",
    "blkio_config.device_write_bps": "blkio_config: {device_write_bps: [{path: /dev/null, rate: 1k}]}",
    "blkio_config.device_write_iops": "blkio_config: {device_write_iops: [{path: /dev/null, rate: 20}]}",
    "cgroup_parent": "cgroup_parent: g", "cpu_period": "cpu_period: 20000", "cpu_quota": "cpu_quota: 20000",
    "cpu_rt_period": "cpu_rt_period: 20000", "cpu_rt_runtime": "cpu_rt_runtime: 20000",
    "cpu_shares": "cpu_shares: 20", "cpus": "cpus: 0.5", "cpuset": "cpuset: '0'",
    "device_cgroup_rules": "device_cgroup_rules: ['c 1:3 r']", "devices": "devices: [/dev/null]",
    "devices[].source": "devices: [/dev/null]", "devices[].target": "devices: ['/dev/null:/dev/x']",
    "devices[].permissions": "devices: ['/dev/null:/dev/null:r']", "mem_limit": "mem_limit: 20m",
    "mem_reservation": "mem_reservation: 20m", "mem_swappiness": "mem_swappiness: 20",
    "memswap_limit": "memswap_limit: 20m", "oom_kill_disable": "oom_kill_disable: true",
    "oom_score_adj": "oom_score_adj: 20", "pids_limit": "pids_limit: 20", "shm_size": "shm_size: 20m",
    "ulimits": "ulimits: {nofile: {soft: 20, hard: 40}}", "dns": "dns: 1.1.1.1", "dns_opt": "dns_opt: ['ndots:1']",
    "dns_search": "dns_search: d", "expose": "expose: [80]", "external_links": "external_links: [x]",
    "extra_hosts": "extra_hosts: ['h:1.1.1.1']", "links": "links: [db]",
    "mac_address": "mac_address: 02:00:00:00:00:01",
    "network_mode": "network_mode: host", "networks": "networks: [other]",
    "networks.*.aliases": "networks: {default: {aliases: [a]}}",
    "networks.*.driver_opts": "networks: {default: {driver_opts: {a: b}}}",
    "networks.*.gw_priority": "networks: {default: {gw_priority: 1}}",
    "networks.*.interface_name": "networks: {default: {interface_name: lan}}",
    "networks.*.ipv4_address": "networks: {default: {ipv4_address: 1.1.1.1}}",
    "networks.*.ipv6_address": "networks: {default: {ipv6_address: '::1'}}",
    "networks.*.link_local_ips": "networks: {default: {link_local_ips: [169.254.1.1]}}",
    "networks.*.mac_address": "networks: {default: {mac_address: 02:00:00:00:00:01}}",
    "networks.*.priority": "networks: {default: , other: {priority: 1}}", "ports": "ports: [80]",
    "ports[].host_ip": "ports: ['127.0.0.1::80']", "ports[].target": "ports: [80]",
    "ports[].published": "ports: ['90:80']", "ports[].protocol": "ports: ['80/udp']", "configs": "configs: [c]",
    "configs[].source": "configs: [c]", "configs[].target": "configs: [{source: c, target: /x}]",
    "configs[].uid": "configs: [{source: c, uid: '5'}]", "configs[].gid": "configs: [{source: c, gid: '5'}]",
    "configs[].mode": "configs: [{source: c, mode: 0400}]", "secrets": "secrets: [s]",
    "secrets[].source": "secrets: [s]", "secrets[].target": "secrets: [{source: s, target: /x}]",
    "secrets[].uid": "secrets: [{source: s, uid: '5'}]", "secrets[].gid": "secrets: [{source: s, gid: '5'}]",
    "secrets[].mode": "secrets: [{source: s, mode: 0400}]", "tmpfs": "tmpfs: /t", "volumes": "volumes: [/v]",
    "volumes_from": "volumes_from: [db]", "volumes[].type": "volumes: [{type: tmpfs, target: /v}]",
    "volumes[].source": "volumes: ['v:/v']", "volumes[].target": "volumes: [/v]",
    "volumes[].read_only": "volumes: ['v:/v:ro']",
    "volumes[].x-wharf-idmap": "volumes: [{type: volume, source: v, target: /v, x-wharf-idmap: ['1:0']}]",
    "volumes[].bind": "volumes: [{type: bind, source: /, target: /v, bind: {propagation: rshared}}]",
    "volumes[].bind.selinux": "volumes: ['/:/v:z']",
    "volumes[].bind.propagation": "volumes: [{type: bind, source: /, target: /v, bind: {propagation: rshared}}]",
    "volumes[].bind.create_host_path":
        "volumes: [{type: bind, source: /, target: /v, bind: {create_host_path: false}}]",
    "volumes[].bind.recursive": "volumes: [{type: bind, source: /, target: /v, bind: {recursive: disabled}}]",
    "volumes[].volume": "volumes: [{type: volume, source: v, target: /v, volume: {nocopy: true}}]",
    "volumes[].volume.labels": "volumes: [{type: volume, target: /v, volume: {labels: {a: b}}}]",
    "volumes[].volume.nocopy": "volumes: [{type: volume, source: v, target: /v, volume: {nocopy: true}}]",
    "volumes[].volume.subpath": "volumes: [{type: volume, source: v, target: /v, volume: {subpath: a}}]",
    "volumes[].tmpfs": "volumes: [{type: tmpfs, target: /v, tmpfs: {size: 1m}}]",
    "volumes[].tmpfs.size": "volumes: [{type: tmpfs, target: /v, tmpfs: {size: 1m}}]",
    "volumes[].tmpfs.mode": "volumes: [{type: tmpfs, target: /v, tmpfs: {mode: 0700}}]",
    "volumes[].image": "volumes: [{type: image, source: x, target: /v, image: {subpath: a}}]",
    "volumes[].image.subpath": "volumes: [{type: image, source: x, target: /v, image: {subpath: a}}]",
    "deploy": "deploy: {resources: {limits: {cpus: '0.5'}}}",
    "deploy.resources": "deploy: {resources: {limits: {cpus: '0.5'}}}",
    "deploy.resources.limits": "deploy: {resources: {limits: {cpus: '0.5'}}}",
    "deploy.resources.reservations": "deploy: {resources: {reservations: {memory: 20m}}}",
    "deploy.resources.limits.cpus": "deploy: {resources: {limits: {cpus: '0.5'}}}",
    "deploy.resources.limits.memory": "deploy: {resources: {limits: {memory: 20m}}}",
    "deploy.resources.limits.pids": "deploy: {resources: {limits: {pids: 20}}}",
    "deploy.resources.reservations.memory": "deploy: {resources: {reservations: {memory: 20m}}}",
    "deploy.restart_policy": "deploy: {restart_policy: {condition: any}}",
    "deploy.restart_policy.condition": "deploy: {restart_policy: {condition: any}}",
    "deploy.restart_policy.max_attempts": "deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}",
]

/// Values for keys of which the user is told.
private let told: [String: String] = [
    "credential_spec": "credential_spec: {file: x}", "isolation": "isolation: hyperv", "cpu_count": "cpu_count: 2",
    "cpu_percent": "cpu_percent: 50", "gpus": "gpus: all", "storage_opt": "storage_opt: {size: 1g}",
    "volumes[].consistency": "volumes: [{type: bind, source: /, target: /v, consistency: cached}]",
    "deploy.mode": "deploy: {mode: global}", "deploy.endpoint_mode": "deploy: {endpoint_mode: vip}",
    "deploy.labels": "deploy: {labels: {a: b}}",
    "deploy.rollback_config": "deploy: {rollback_config: {parallelism: 1}}",
    "deploy.placement.constraints": "deploy: {placement: {constraints: [a]}}",
    "deploy.placement.preferences": "deploy: {placement: {preferences: [{spread: a}]}}",
    "deploy.placement.max_replicas_per_node": "deploy: {placement: {max_replicas_per_node: 1}}",
    "deploy.restart_policy.delay": "deploy: {restart_policy: {delay: 2s}}",
    "deploy.restart_policy.window": "deploy: {restart_policy: {window: 2s}}",
    "deploy.resources.reservations.cpus": "deploy: {resources: {reservations: {cpus: '0.5'}}}",
    "deploy.resources.reservations.generic_resources":
        "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: a, value: 1}}]}}}",
    "deploy.resources.reservations.devices": "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
    "provider": "provider: {type: x}", "models": "models: [m]",
]

@Suite struct `Every key of a service` {
    @Test func `is in the table once`() {
        let paths = ServiceKey.all.map(\.path)
        #expect(Set(paths).count == paths.count)
        let known = Set(objects.flatMap { object in object.keys.map { object.path + $0 } })
        #expect(known.subtracting(paths).sorted() == [])
        #expect(Set(paths).subtracting(known).sorted() == ["volumes[].x-wharf-idmap"])
    }

    private func made(with lines: String) throws -> ComposedContainer {
        var surroundings = Surroundings()
        surroundings.engineSocket = "/socket"
        let image = lines.hasPrefix("image:") ? "" : "image: x"
        return try composer(
            """
            services:
              web:
                \(lines)
                \(image)
              db: {image: x}
              other: {image: x, networks: [other], volumes: ['v:/v'], configs: [c], secrets: [s]}
              last: {image: x}
            networks: {other: }
            volumes: {v: }
            configs: {c: {content: c}}
            secrets: {s: {file: s}}
            models: {m: {model: m}}
            """,
            surroundings: surroundings
        ).container()
    }

    /// A container without what every change of the file changes.
    private func essence(_ container: ComposedContainer) -> ComposedContainer {
        var result = container
        result.request.config.labels?[ProjectLabel.configHash] = nil
        result.request.config.labels?[ProjectLabel.workingDirectory] = nil
        result.request.config.labels?[ProjectLabel.configFiles] = nil
        return result
    }

    @Test(arguments: ServiceKey.all.filter { $0.place == .request }.map(\.path))
    func `that acts in a request changes it`(path: String) throws {
        let lines = try #require(samples[path], "there is no sample")
        let plain = try essence(made(with: "attach: true"))
        let container = try essence(made(with: lines))
        #expect(container != plain)
        #expect(container.warnings == [])
    }

    @Test(arguments: ServiceKey.all.map(\.path))
    func `that does not act is told`(path: String) throws {
        let key = try #require(ServiceKey.all.first { $0.path == path })
        switch key.place {
        case .nowhere(let reason, _):
            let container = try made(with: try #require(told[path], "there is no sample"))
            #expect(container.warnings == ["service `web`: `\(path)` has no effect: \(reason)"])
        case .refused(let reason):
            let lines = try #require(told[path], "there is no sample")
            let error = #expect(throws: CompositionError.self) { try made(with: lines) }
            #expect(error?.problems == ["`\(path)` is not possible: \(reason)"])
        case .request, .loading, .command, .reader: #expect(told[path] == nil)
        }
    }

    @Test(arguments: ["deploy: {mode: replicated}", "isolation: default", "deploy: {endpoint_mode: dnsrr}"])
    func `that says what happens anyway is not told`(lines: String) throws {
        #expect(try made(with: lines).warnings == [])
    }
}
