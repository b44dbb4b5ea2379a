// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

/// What a change of each kind leads to, why, and where the reason stands.
@Suite struct `A change` {
    private static let base = """
        services:
          web:
            image: nginx
            environment: {MODE: dev}
        networks: {back: , front: }
        """

    private func changes(from old: String, to new: String, in section: String = "") throws -> String {
        var stage = try Stage("services:\n  web:\n    image: nginx\n\(old)\n\(section)")
        stage.up()
        try stage.edit("services:\n  web:\n    image: nginx\n\(new)\n\(section)")
        let text = stage.changes
        stage.up()
        #expect(stage.world.refusals == [])
        #expect(!stage.plan.hasChanges)
        return text
    }

    @Test(arguments: [
        (
            "    environment: {MODE: dev}", "    environment: {MODE: prod}",
            "environment.MODE \"dev\" → \"prod\" (compose.yaml:4:25)"
        ),
        (
            "    environment: {A: \"1\"}", "    environment: {A: \"1\", B: x}",
            "environment.B \"x\" is new (compose.yaml:4:30)"
        ),
        (
            "    environment: {A: \"1\", B: x}", "    environment: {A: \"1\"}",
            "environment.B \"x\" is gone (compose.yaml:4:5)"
        ),
        ("", "    command: [sleep, \"1\"]", "command [\"sleep\",\"1\"] is new (compose.yaml:4:5)"),
        ("    command: [a, b]", "    command: [b, a]", "command [\"a\",\"b\"] → [\"b\",\"a\"] (compose.yaml:4:5)"),
        ("", "    labels: {a: b}", "labels.a \"b\" is new (compose.yaml:4:17)"),
        ("", "    cap_add: [NET_ADMIN]", "cap_add \"NET_ADMIN\" is new (compose.yaml:4:15)"),
        ("", "    tmpfs: [/run]", "tmpfs \"/run\" is new (compose.yaml:4:13)"),
        ("    user: \"1\"", "    user: \"2\"", "user \"1\" → \"2\" (compose.yaml:4:11)"),
        ("", "    privileged: true", "privileged true is new (compose.yaml:4:17)"),
        ("", "    healthcheck: {test: [CMD, x]}", "healthcheck.test [\"CMD\",\"x\"] is new (compose.yaml:4:19)"),
        ("", "    hostname: h", "hostname \"h\" is new (compose.yaml:4:15)"),
        (
            "", "    blkio_config: {weight_device: [{path: /dev/a, weight: 5}]}",
            "blkio_config.weight_device [{\"path\":\"/dev/a\",\"weight\":5}] is new (compose.yaml:4:20)"
        ),
    ])
    func `of what a container is made with replaces it`(old: String, new: String, cause: String) throws {
        #expect(try changes(from: old, to: new) == "± replace container p-web-1\n    \(cause)")
    }

    @Test(arguments: [
        ("    mem_limit: 1m", "    mem_limit: 2m", "mem_limit \"1048576\" → \"2097152\" (compose.yaml:4:16)"),
        ("", "    cpus: 0.5", "cpus 0.5 is new (compose.yaml:4:11)"),
        ("    restart: always", "", "restart \"always\" is gone (compose.yaml:2:3)"),
        ("", "    stop_grace_period: 1s", "stop_grace_period \"1s\" is new (compose.yaml:4:24)"),
        ("", "    stop_signal: SIGINT", "stop_signal \"SIGINT\" is new (compose.yaml:4:18)"),
        ("", "    pids_limit: 5", "pids_limit 5 is new (compose.yaml:4:17)"),
        (
            "", "    deploy: {resources: {limits: {memory: 1m}}}",
            "deploy.resources.limits.memory \"1048576\" is new (compose.yaml:4:43)"
        ),
        (
            "", "    deploy: {restart_policy: {condition: none}}",
            "deploy.restart_policy.condition \"none\" is new (compose.yaml:4:42)"
        ),
        ("", "    blkio_config: {weight: 10}", "blkio_config.weight 10 is new (compose.yaml:4:28)"),
    ])
    func `of limits and ends is made in place`(old: String, new: String, cause: String) throws {
        #expect(try changes(from: old, to: new) == "~ update container p-web-1\n    \(cause)")
    }

    @Test(arguments: [
        "    build: .", "    pull_policy: never", "    x-note: 1", "    attach: false", "    deploy: {labels: {a: b}}",
        "    post_start: [{command: [\"true\"]}]", "    develop: {watch: [{path: /w, action: rebuild}]}",
    ])
    func `of what concerns no container is only remembered`(new: String) throws {
        var stage = try Stage("services:\n  web:\n    image: nginx\n")
        stage.up()
        try stage.edit("services:\n  web:\n    image: nginx\n\(new)\n")
        #expect(stage.planText == "[] -> #1 update p-web-1")
        #expect(!stage.plan.hasChanges)
        stage.up()
        #expect(stage.planText == "")
    }

    @Test func `of devices among the limits replaces the container`() throws {
        let new = "    deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}"
        #expect(
            try changes(from: "", to: new).hasPrefix(
                "± replace container p-web-1\n    deploy.resources.reservations.devices "
            )
        )
    }

    @Test func `of several values tells all of them`() throws {
        let text = try changes(
            from: "    ports: [\"80\"]\n    volumes: [\"/a:/x\"]",
            to: "    ports: [\"81\"]\n    volumes: [\"/b:/x\"]\n    mem_limit: 1m"
        )
        #expect(
            text == """
                ± replace container p-web-1
                    ports {"mode":"ingress","target":81,"protocol":"tcp"} is new (compose.yaml:4:13)
                    ports {"mode":"ingress","target":80,"protocol":"tcp"} is gone (compose.yaml:4:5)
                    volumes {"type":"bind","source":"/a","target":"/x","bind":{"create_host_path":true}} → \
                {"type":"bind","source":"/b","target":"/x","bind":{"create_host_path":true}} (compose.yaml:5:15)
                """
        )
    }

    @Test func `of the image behind a name replaces the container`() throws {
        var stage = try Stage(Self.base)
        stage.up()
        stage.world.observed.images["nginx"] = "sha256:0123456789abcdef"
        #expect(
            stage.changes == """
                ± replace container p-web-1
                    image nginx sha256:nginx → sha256:0123456789ab (compose.yaml:3:12)
                """
        )
    }

    @Test(arguments: [
        (ContentKey(.config, "c"), "the content of the config c has changed (compose.yaml:7:11)"),
        (ContentKey(.secret, "s"), "the content of the secret s has changed (compose.yaml:8:11)"),
        (ContentKey(.bind, "/etc/f"), "the content of /etc/f has changed (compose.yaml:6:15)"),
    ])
    func `of a file's content replaces the container`(key: ContentKey, cause: String) throws {
        var stage = try Stage(
            """
            services:
              web:
                image: nginx
                configs: [c]
                secrets: [s]
                volumes: ["/etc/f:/f"]
            configs: {c: {file: ./c}}
            secrets: {s: {file: ./s}}
            """
        )
        stage.world.observed.contents[key] = .file(digest: "1")
        stage.up()
        stage.world.observed.contents[key] = .file(digest: "2")
        #expect(stage.changes == "± replace container p-web-1\n    \(cause)")
        stage.up()
        #expect(stage.planText == "")
    }

    @Test func `that nobody remembers is told by its hash`() throws {
        var stage = try Stage(Self.base)
        stage.up()
        stage.world["p-web-1"]?.definition = nil
        stage.world["p-web-1"]?.configHash = "0123456789abcdef"
        #expect(stage.changes.contains("configuration 0123456789ab → "))
    }

    @Test func `of the networks alone is made in place`() throws {
        let text = try changes(
            from: "    networks: [default, front, gone]",
            to: "    networks: {default: , front: {aliases: [w]}, zone: }",
            in: "networks: {front: , gone: , zone: }"
        )
        #expect(
            text == """
                + create network p_zone
                    there is none yet (compose.yaml:5:29)
                ~ update container p-web-1
                    networks.front null → {"aliases":["w"]} (compose.yaml:4:27)
                    networks.zone is new (compose.yaml:4:56)
                    networks.gone is gone (compose.yaml:4:5)
                - remove network p_gone
                    the project has no network gone of this name any more
                """
        )
    }

    @Test(arguments: [
        ("    networks: [back]", "    networks: [front]"),
        ("    networks: {back: }", "    networks: {back: {ipv4_address: 10.0.0.9}}"),
        ("    networks: [back]", "    networks: {back: , front: {priority: 5}}"),
        ("    networks: [back]", "    networks: {back: , front: {gw_priority: 5}}"),
        ("    networks: [back]", "    network_mode: none"),
        ("    networks: [back]", "    networks: [back, front]\n    user: \"1\""),
    ])
    func `of the first network, the gateway or something else as well replaces the container`(
        old: String,
        new: String
    ) throws {
        let text = try changes(from: old, to: new, in: "networks: {front: , back: }")
        #expect(text.contains("± replace container p-web-1"))
    }
}
