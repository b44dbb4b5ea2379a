// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import TestSupport
import Testing

@Suite struct `A request for a container` {
    @Test func `has the labels by which tools know it`() throws {
        var surroundings = Surroundings()
        surroundings.environmentFiles = ["/a.env", "/b.env"]
        let composer = try composer(
            """
            services:
              web: {image: x, labels: {a: b}, depends_on: {b: {condition: service_healthy, restart: true}, a: {condition: service_started}}}
              a: {image: x}
              b: {image: x}
            """,
            surroundings: surroundings
        )
        let labels = try composer.container(number: 3).request.config.labels
        let service = try #require(composer.project.services["web"])
        #expect(
            labels == [
                "a": "b", "com.docker.compose.project": "p", "com.docker.compose.service": "web",
                "com.docker.compose.container-number": "3", "com.docker.compose.oneoff": "False",
                "com.docker.compose.config-hash": ProjectComposer.hash(of: service),
                "com.docker.compose.image": "sha256:1234",
                "com.docker.compose.depends_on": "a:service_started:false,b:service_healthy:true",
                "com.docker.compose.project.working_dir": composer.project.workingDirectory,
                "com.docker.compose.project.config_files": "\(composer.project.workingDirectory)/compose.yaml",
                "com.docker.compose.project.environment_file": "/a.env,/b.env",
                "com.docker.compose.version": ProductVersion.number,
            ]
        )
    }

    @Test func `has the names of the project`() throws {
        let text = "services: {web: {build: .}, own: {image: 'x:1', container_name: mine}}"
        let usual = try composer(text)
        #expect(usual.containerName(of: "web", number: 2) == "p-web-2")
        #expect(usual.imageName(of: "web") == "p-web")
        #expect(usual.containerName(of: "own", number: 1) == "mine")
        #expect(usual.imageName(of: "own") == "x:1")
        let old = try composer(text, usesUnderscores: true)
        #expect(old.containerName(of: "web", number: 2) == "p_web_2")
        #expect(old.imageName(of: "web") == "p_web")
        #expect(old.networkName("default") == "p_default")
    }

    @Test func `refers to the containers of other services`() throws {
        let composer = try composer(
            """
            services:
              web: {image: x, network_mode: 'service:db', ipc: 'service:db', pid: 'service:db', volumes_from: ['db:ro', 'container:other:rw', db2]}
              db: {image: x}
              db2: {image: x}
            """
        )
        let host = try composer.container().request.hostConfig
        #expect(host.networkMode == "container:db-id")
        #expect(host.ipcMode == "container:db-id")
        #expect(host.pidMode == "container:db-id")
        #expect(host.volumesFrom == ["db-id:ro", "other:rw", "db2-id"])
        let error = #expect(throws: CompositionError.self) {
            try composer.containerRequest(of: "web", number: 1, imageID: "") { _ in nil }
        }
        #expect(error?.problems.count == 5)
        #expect(error?.problems.first == "`network_mode` needs a container of service `db`, which has none")
        // Another container makes another container of what refers to it.
        let other = try composer.containerRequest(of: "web", number: 1, imageID: "sha256:1234") { _ in "other" }
        let hash = ProjectLabel.configHash
        #expect(try composer.container().request.config.labels?[hash] != other.request.config.labels?[hash])
    }

    @Test func `joins networks in the order of their priorities`() throws {
        let composer = try composer(
            """
            services:
              web:
                image: x
                mac_address: 02:00:00:00:00:01
                networks: {b: {priority: 1}, a: {interface_name: lan, aliases: [web, other]}, c: }
            networks: {a: , b: {name: back}, c: }
            """
        )
        let request = try composer.container().request
        #expect(request.hostConfig.networkMode == "back")
        let endpoints = try #require(request.networkingConfig.endpointsConfig)
        #expect(endpoints.keys.sorted() == ["back", "p_a", "p_c"])
        #expect(endpoints["back"]?.macAddress == "02:00:00:00:00:01")
        #expect(endpoints["p_a"]?.macAddress == "")
        #expect(endpoints["p_a"]?.aliases == ["p-web-1", "web", "other"])
        #expect(endpoints["p_a"]?.driverOpts == ["com.docker.network.endpoint.ifname": "lan"])
    }

    @Test func `has configs and secrets as files of its own`() throws {
        let composer = try composer(
            """
            services:
              web:
                image: x
                secrets: [s, {source: t, target: /t, uid: '5', gid: '6', mode: 0400}]
                configs: [c, {source: d, target: sub/d}, e]
            secrets: {s: {file: ./s}, t: {environment: T}}
            configs: {c: {content: text}, d: {environment: D}, e: {file: /e}}
            """,
            environment: ["T": "secret", "D": "config"]
        )
        let files = try #require(composer.container().request.hostConfig.files)
        #expect(files.map(\.target) == ["/run/secrets/s", "/t", "/c", "/sub/d", "/e"])
        #expect(files.map(\.kind) == ["secret", "secret", "config", "config", "config"])
        #expect(files.map(\.source) == ["\(composer.project.workingDirectory)/s", "", "", "", "/e"])
        let contents = files.map { $0.content.map { String(decoding: $0.bytes, as: UTF8.self) } }
        #expect(contents == [nil, "secret", "text", "config", nil])
        #expect((files[1].uid, files[1].gid, files[1].mode) == (5, 6, 0o400))
    }

    @Test(arguments: [
        ("cpus: 0.1", 100_000_000), ("cpus: 3.3", 3_300_000_000), ("cpus: '1.000001'", 1_000_001_000),
        ("deploy: {resources: {limits: {cpus: '0.7'}}}", 700_000_000),
    ])
    func `has the processors that the file says`(text: String, billionths: Int64) throws {
        let request = try composer("services: {web: {image: x, \(text)}}").container().request
        #expect(request.hostConfig.resources.nanoCpus == billionths)
    }

    @Test func `has the profile of seccomp in it`() throws {
        let surroundings = Surroundings { path in
            Array("{ \"path\":\n\"\(path.split(separator: "/").last ?? "")".utf8) + Array(#" \\\" x"    }"#.utf8)
        }
        let text =
            "services: {web: {image: x, security_opt: ['seccomp=./p.json', 'no-new-privileges:true', 'systempaths=unconfined']}}"
        let host = try composer(text, surroundings: surroundings).container().request.hostConfig
        #expect(host.securityOpt == [#"seccomp={"path":"p.json \\\" x"}"#, "no-new-privileges:true"])
        #expect(host.maskedPaths == [])
        #expect(host.readonlyPaths == [])
        let error = #expect(throws: CompositionError.self) { try composer(text).container() }
        #expect(error?.description.hasSuffix("p.json`, which cannot be read: files cannot be read here") == true)
        let empty = #expect(throws: CompositionError.self) {
            try composer(text, surroundings: Surroundings { _ in Array(" \n".utf8) }).container()
        }
        #expect(empty?.description.hasSuffix("p.json`, which is empty; it must be JSON") == true)
    }

    @Test func `has the engine's socket where the service asks for it`() throws {
        let text = "services: {web: {image: x, use_api_socket: true}}"
        var surroundings = Surroundings()
        surroundings.engineSocket = "/run/wharf/wharf.sock"
        let host = try composer(text, surroundings: surroundings).container().request.hostConfig
        #expect(host.binds == ["/run/wharf/wharf.sock:/var/run/docker.sock:rw"])
        #expect(throws: CompositionError.self) { try composer(text).container() }
    }

    @Test(arguments: [
        ("volumes: ['./a:/a', 'v:/b:ro']", ["HERE/a:/a:rw", "p_v:/b:ro"], 0),
        ("volumes: [/a]", [], 1),
        ("volumes: [{type: bind, source: ./a, target: /a}]", ["HERE/a:/a:rw"], 0),
        ("volumes: [{type: bind, source: ./a, target: /a, bind: {create_host_path: false}}]", [], 1),
        ("volumes: [{type: bind, source: './a:b', target: /a, bind: {create_host_path: true}}]", [], 1),
        ("volumes: [{type: volume, source: v, target: /a, volume: {nocopy: true}}]", [], 1),
        ("volumes: [{type: volume, source: v, target: /a, x-wharf-idmap: '1000:0'}]", [], 1),
    ])
    func `has mounts in the form that can say them`(text: String, binds: [String], mounts: Int) throws {
        let composer = try composer("services: {web: {image: x, \(text)}}\nvolumes: {v: }")
        let host = try composer.container().request.hostConfig
        let here = composer.project.workingDirectory
        #expect((host.binds ?? []) == binds.map { $0.hasPrefix("HERE") ? here + $0.dropFirst(4) : $0 })
        #expect((host.mounts ?? []).count == mounts)
    }

    @Test(arguments: [
        (
            "networks: {default: {mac_address: '02:00:00:00:00:02'}}\n    mac_address: '02:00:00:00:00:01'",
            "leave one of them out"
        ),
        ("restart: on-failure:x", "use on-failure:3"),
        ("uts: 'service:db'", "shared with `host` only"),
        ("secrets: [s]", "`external`"),
        ("secrets: [e]", "`NOT_THERE`, which is not set"),
        ("configs: [{source: c, uid: web}]", "is not a number"),
        ("expose: ['90-80']", "PORT[-PORT]"),
        ("devices: ['vendor.com/gpu=all']", "Container Device Interface"),
        ("security_opt: [what]", "NAME=VALUE"),
        ("volumes: [{type: volume, source: v, target: /a, x-wharf-idmap: [1]}]", "x-wharf-idmap"),
        ("volumes: [{type: npipe, source: v, target: /a}]", "npipe"),
        ("volumes: [{type: cluster, source: v, target: /a}]", "cluster"),
    ])
    func `that cannot be made says why`(text: String, words: String) throws {
        let composer = try composer(
            """
            services:
              web:
                image: x
                \(text)
              db: {image: x}
            networks: {default: }
            volumes: {v: }
            secrets: {s: {external: true}, e: {environment: NOT_THERE}}
            configs: {c: {content: x}}
            """
        )
        let error = #expect(throws: CompositionError.self) { try composer.container() }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `says what has no effect`() throws {
        let composer = try composer(
            """
            services:
              web: {image: x, network_mode: none, mac_address: '02:00:00:00:00:01', deploy: {restart_policy: {max_attempts: 3}}}
            """
        )
        let container = try composer.container()
        #expect(container.request.hostConfig.restartPolicy.name == "always")
        #expect(container.warnings.count == 2)
        #expect(container.warnings.allSatisfy { $0.hasPrefix("service `web`: `") })
    }
}

@Suite struct `A request for a network or a volume` {
    @Test func `says what the file says`() throws {
        let composer = try composer(
            """
            services: {web: {image: x, networks: [a], volumes: ['v:/v']}}
            networks:
              a:
                driver: bridge
                driver_opts: {o: 1}
                internal: true
                attachable: true
                enable_ipv6: true
                labels: {l: m}
                ipam: {driver: default, options: {i: j}, config: [{subnet: 10.9.0.0/24, ip_range: 10.9.0.128/25, gateway: 10.9.0.1, aux_addresses: {x: 10.9.0.9}}]}
            volumes: {v: {driver: local, driver_opts: {type: tmpfs, device: tmpfs}, labels: {l: m}}}
            """
        )
        let network = composer.networkRequest("a")
        #expect(network.name == "p_a")
        #expect(network.driver == "bridge")
        #expect(network.options == ["o": "1"])
        #expect(
            (network.isInternal, network.isAttachable, network.enablesIPv6, network.enablesIPv4) == (
                true, true, true, nil
            )
        )
        #expect(network.ipam?.options == ["i": "j"])
        let range = network.ipam?.config?.first
        #expect(range?.subnet == "10.9.0.0/24")
        #expect(range?.range == "10.9.0.128/25")
        #expect(range?.gateway == "10.9.0.1")
        #expect(range?.auxiliaryAddresses == ["x": "10.9.0.9"])
        #expect(network.labels?[ProjectLabel.network] == "a")
        #expect(network.labels?["l"] == "m")
        let volume = composer.volumeRequest("v")
        #expect(volume.name == "p_v")
        #expect(volume.driver == "local")
        #expect(volume.options == ["type": "tmpfs", "device": "tmpfs"])
        #expect(volume.labels?[ProjectLabel.volume] == "v")
        #expect(volume.labels?[ProjectLabel.project] == "p")
    }

    @Test func `changes its hash with what only wharf knows`() throws {
        func hash(_ options: String) throws -> String? {
            try composer("services: {web: {image: x}}\nnetworks: {default: {ipam: {\(options)}}}")
                .networkRequest("default").labels?[ProjectLabel.configHash]
        }
        #expect(try hash("") != hash("options: {a: b}"))
        func service(_ owners: String) throws -> String? {
            try composer("services: {web: {image: x, volumes: [{type: bind, source: /, target: /a\(owners)}]}}")
                .container()
                .request.config.labels?[ProjectLabel.configHash]
        }
        #expect(try service("") != service(", x-wharf-idmap: '1:0'"))
        #expect(try service(", x-wharf-idmap: '2:0'") != service(", x-wharf-idmap: '1:0'"))
    }
}
