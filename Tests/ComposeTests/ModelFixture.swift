// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing
import YAML

/// What the tests of the model share.
enum ModelFixture {
    /// Reads a text as the only file of a project.
    static func tree(_ text: String, in map: inout SourceMap) throws -> Node {
        let contents = Array(text.utf8)
        let id = map.add(SourceMap.Source(path: "/project/compose.yaml", contents: contents))
        return try #require(Parser.parse(contents, source: id).first).root
    }

    /// Decodes a text that is a mapping with the keys of an object.
    static func decode<Object: ComposeObject>(
        _ type: Object.Type,
        _ text: String
    ) throws -> (object: Object, diagnostics: [Diagnostic]) {
        var map = SourceMap()
        var context = DecodingContext()
        let object = Object(decoding: try tree(text, in: &map), in: &context)
        return (object, context.diagnostics)
    }

    /// Prints an object in YAML.
    static func yaml(_ object: some ComposeObject) -> String {
        String(decoding: Emitter.yaml(object.node(as: .yaml)), as: UTF8.self)
    }

    /// Prints an object in JSON, without white space.
    static func json(_ object: some ComposeObject) -> String {
        String(decoding: JSONWriter.json(object.node(as: .json), indent: nil), as: UTF8.self)
    }

    /// A project with every key that there is, as Docker Compose prints it.
    static let everyKey = """
        name: full
        services:
          db:
            image: x
            networks:
              default: null
              n1: null
          e:
            provider:
              type: t
              options:
                a:
                  - "1"
                b:
                  - x
                  - "2"
              x-p: 1
            network_mode: none
          f:
            build:
              context: /y
              dockerfile: Dockerfile
            develop: {}
            blkio_config: {}
            credential_spec: {}
            deploy: {}
            healthcheck: {}
            image: x
            logging: {}
            networks:
              default: null
          web:
            annotations:
              a.b: "1"
              c: ""
            attach: false
            build:
              context: /ctx
              dockerfile: D
              entitlements:
                - network.host
              args:
                A: "1"
                B: x
              provenance: mode=max
              sbom: "true"
              ssh:
                - 'k: /path'
                - default
              labels:
                l: v
              cache_from:
                - a
                - b
              cache_to:
                - c
              no_cache: true
              additional_contexts:
                img: docker-image://x
                res: /res
              pull: true
              extra_hosts:
                - h=1.2.3.4
              isolation: default
              network: host
              target: t
              secrets:
                - source: sec
                  target: tt
                  uid: "1"
                  gid: "2"
                  mode: "0440"
                  x-a: 1
              shm_size: "1048576"
              tags:
                - t1
                - t2
              ulimits:
                nofile: 10
                nproc:
                  soft: 1
                  hard: 2
              platforms:
                - linux/amd64
              privileged: true
              x-b: 1
            develop:
              watch:
                - path: /w
                  action: sync+exec
                  target: /t
                  exec:
                    command:
                      - a
                      - b
                    user: u
                    privileged: true
                    working_dir: /x
                    environment:
                      A: "1"
                      B: null
                    x-h: 1
                  include:
                    - '*.c'
                  ignore:
                    - x
                  initial_sync: true
                  x-w: 1
                - path: /w2
                  action: rebuild
              x-d: 1
            blkio_config:
              weight: 10
              weight_device:
                - path: /dev/a
                  weight: 0
              device_read_bps:
                - path: /dev/a
                  rate: "12582912"
              device_read_iops:
                - path: /dev/a
                  rate: "12"
              device_write_bps:
                - path: /dev/a
                  rate: "0"
              device_write_iops:
                - path: /dev/a
                  rate: "1"
            cap_add:
              - A
            cap_drop:
              - B
            cgroup_parent: cp
            cgroup: host
            cpu_count: 1
            cpu_percent: 50
            cpu_period: 3
            cpu_quota: 4
            cpu_rt_period: 5
            cpu_rt_runtime: 6
            cpus: 0.7
            cpuset: 0-1
            cpu_shares: 7
            command:
              - a
              - b c
            configs:
              - source: cfg
                target: /c
                uid: "0"
                gid: "0"
                mode: "0444"
                x-c: 1
              - source: cfg2
            container_name: cname
            credential_spec:
              config: c
              file: f
              registry: r
              x-c: 1
            depends_on:
              db:
                condition: service_healthy
                restart: true
                required: false
                x-d: 1
              e:
                condition: service_started
                required: true
            deploy:
              mode: replicated
              replicas: 0
              labels:
                l: v
              update_config:
                parallelism: 0
                delay: 1m0s
                failure_action: pause
                monitor: 5s
                max_failure_ratio: 0.3
                order: start-first
                x-u: 1
              rollback_config:
                parallelism: 2
                monitor: 1.5s
              resources:
                limits:
                  cpus: 0.7
                  memory: "52428800"
                  pids: 5
                  x-l: 1
                reservations:
                  cpus: 0.25
                  memory: "20971520"
                  devices:
                    - capabilities:
                        - gpu
                      driver: d
                      count: 2
                      options:
                        a: b
                    - capabilities:
                        - gpu
                      device_ids:
                        - a
                  generic_resources:
                    - discrete_resource_spec:
                        kind: gpu
                        value: 2
                        x-s: 1
                      x-g: 1
                x-r: 1
              restart_policy:
                condition: on-failure
                delay: 5s
                max_attempts: 0
                window: 2m0s
                x-r: 1
              placement:
                constraints:
                  - a==b
                preferences:
                  - spread: x
                    x-p: 1
                max_replicas_per_node: 3
                x-p: 1
              endpoint_mode: vip
              x-d: 1
            device_cgroup_rules:
              - c 1:3 mr
            devices:
              - source: /dev/a
                target: /dev/b
                permissions: rw
                x-d: 1
            dns:
              - 1.1.1.1
            dns_opt:
              - a
            dns_search:
              - b
            domainname: dom
            entrypoint:
              - e
            environment:
              A: "1"
              B: null
              C: "1.5"
              D: "true"
            expose:
              - "80"
              - "90"
              - 100-110
            external_links:
              - ext
            extra_hosts:
              - a=2.2.2.2
              - h=1.2.3.4
              - h=::1
            group_add:
              - g
              - "1000"
            gpus:
              - capabilities:
                  - a
                driver: nv
                count: 1
                options:
                  q: "1"
            hostname: hn
            healthcheck:
              test:
                - CMD
                - a
              timeout: 1s
              interval: 1m30s
              retries: 3
              start_period: 0s
              start_interval: 1ms
              disable: true
              x-h: 1
            image: img
            init: false
            ipc: host
            isolation: default
            labels:
              l: "1"
              m: ""
            links:
              - db
            logging:
              driver: d
              options:
                a: "1"
                b: ""
              x-l: 1
            mem_limit: "52428800"
            mem_reservation: "20971520"
            memswap_limit: "104857600"
            mem_swappiness: "60"
            mac_address: aa
            models:
              m1:
                endpoint_var: E
                model_var: M
                x-m: 1
              m2: null
            networks:
              n1:
                aliases:
                  - a
                driver_opts:
                  a: "1"
                gw_priority: 1
                interface_name: eth0
                ipv4_address: 1.2.3.4
                ipv6_address: ::1
                link_local_ips:
                  - a
                mac_address: m
                priority: -3
                x-n: 1
              n2: null
              n10: {}
            oom_kill_disable: true
            oom_score_adj: -5
            pid: host
            pids_limit: 5
            platform: linux/amd64
            ports:
              - name: "n"
                mode: host
                host_ip: 127.0.0.1
                target: 70000
                published: 8080-8090
                protocol: udp
                app_protocol: http
                x-p: 1
              - mode: ingress
                target: 80
                protocol: tcp
              - mode: ingress
                target: 81
                published: "99"
                protocol: tcp
            privileged: true
            pull_policy: missing
            read_only: true
            restart: "no"
            runtime: r
            scale: 0
            secrets:
              - source: sec
                target: t
                uid: "1"
                gid: "1"
                mode: "0400"
            security_opt:
              - s
            shm_size: "67108864"
            stdin_open: true
            stop_grace_period: 1m30s
            stop_signal: SIGX
            storage_opt:
              a: "1"
            sysctls:
              a.b: "1"
            tmpfs:
              - /a
            tty: true
            ulimits:
              nofile: 10
              nproc:
                soft: 0
                hard: 0
              zero:
                soft: 0
                hard: 0
            use_api_socket: true
            user: u
            userns_mode: h
            uts: host
            volumes:
              - type: bind
                source: /a
                target: /b
                read_only: true
                consistency: c
                bind:
                  selinux: z
                  propagation: rshared
                  create_host_path: true
                  recursive: enabled
                  x-b: 1
                x-v: 1
              - type: bind
                source: /a
                target: /b2
                bind: {}
              - type: bind
                source: /a
                target: /b3
              - type: volume
                source: v1
                target: /c
                volume:
                  labels:
                    a: b
                  nocopy: true
                  subpath: s
                  x-v: 1
              - type: volume
                source: v1
                target: /c2
                volume: {}
              - type: tmpfs
                target: /d
                tmpfs:
                  size: "10485760"
                  mode: 511
                  x-t: 1
              - type: tmpfs
                target: /d2
                tmpfs: {}
              - type: image
                source: i
                target: /e
                image:
                  subpath: s
                  x-i: 1
            volumes_from:
              - db
            working_dir: /w
            post_start:
              - command:
                  - a
                user: u
                privileged: true
                working_dir: /x
                environment:
                  A: "1"
                  B: null
            pre_stop:
              - command:
                  - a
                  - b
            x-a: s
            x-svc:
              a:
                - 1
                - 2.5
                - null
                - true
                - null
              b: 1
        networks:
          default:
            name: full_default
          n1:
            name: full_n1
            driver: d
            driver_opts:
              a: "1"
            ipam:
              driver: q
              config:
                - subnet: 1.0.0.0/8
                  gateway: 1.0.0.1
                  ip_range: 1.0.0.0/16
                  aux_addresses:
                    a: 1.0.0.2
              x-i: 1
            internal: true
            attachable: true
            labels:
              a: b
            enable_ipv4: false
            enable_ipv6: true
            x-n: 1
          n2:
            name: nn
            external: true
          n10:
            name: full_n10
          unused:
            name: full_unused
        volumes:
          v1:
            name: full_v1
            driver: d
            driver_opts:
              a: "1"
            labels:
              a: b
            x-v: 1
          v2:
            name: v2
            external: true
        secrets:
          sec:
            name: full_sec
            file: /s
            labels:
              a: b
            driver: d
            driver_opts:
              a: "1"
            template_driver: t
            x-s: 1
        configs:
          cfg:
            name: full_cfg
            content: |
              a
              b
            labels:
              a: b
            template_driver: t
            x-c: 1
          cfg2:
            name: full_cfg2
            environment: E
        models:
          m1:
            model: m
            context_size: 5
            runtime_flags:
              - a
            x-m: 1
          m2:
            model: "n"
        x-9: 2
        x-10: 1
        x-top:
          a: 1

        """
}
