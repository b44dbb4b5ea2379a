// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

@Suite struct `Before anything is done` {
    @Test func `all that is missing is told at once`() throws {
        var stage = try Stage(
            """
            services:
              web:
                image: nginx
                configs: [c]
                volumes: [{type: bind, source: /nowhere, target: /x, bind: {create_host_path: false}}, "data:/d"]
                networks: [out]
              own: {build: ., image: made}
              other: {image: made}
            configs: {c: {file: ./c}}
            networks: {out: {external: true}}
            volumes: {data: {external: true}}
            """
        )
        stage.world.observed.images = [:]
        stage.world.observed.networks = [:]
        stage.world.observed.volumes = [:]
        stage.world.observed.contents[ContentKey(.config, "c")] = .missing(path: "/c")
        stage.world.observed.contents[ContentKey(.bind, "/nowhere")] = .missing(path: "/nowhere")
        #expect(
            stage.problems == [
                "external volume \"data\" not found (compose.yaml:11:11) — "
                    + "make it with `wharf volume create data`, or take `external` away",
                "network out declared as external, but could not be found (compose.yaml:10:12) — "
                    + "make it with `wharf network create out`, or take `external` away",
                "the image made of the services other, own is not on this machine (compose.yaml:7:9) — "
                    + "build it with `wharf build own`",
                "the image nginx of the service web is not on this machine (compose.yaml:3:12) — "
                    + "bring it here with `wharf pull`, `wharf image load` or `wharf image import`",
                "the file of the config c does not exist: /c (compose.yaml:4:15) — make it, or correct the path",
                "the path does not exist: /nowhere (compose.yaml:5:15) — make it, or correct the path",
            ]
        )
        #expect(stage.human(stage.plan).contains("Nothing can be done: 6 problems."))
    }

    @Test func `names that are taken or given twice are refused`() throws {
        var stage = try Stage(
            """
            services:
              a: {image: x, container_name: same}
              b: {image: x, container_name: other}
              c: {image: x}
              d: {image: x, container_name: dd}
            """
        )
        stage.options.scales = ["d": 2]
        stage.desired.project.services["b"]?.containerName = "same"
        stage.world.observed.takenNames["p-c-1"] = "the container 123 of the project q"
        #expect(
            stage.problems == [
                "the name p-c-1 of a container of the service c is taken by the container 123 of the project q "
                    + "(compose.yaml:4:3) — remove that one, or choose another `container_name`",
                "the service d cannot have more than one container, as all would have the name dd (compose.yaml:5:33) — "
                    + "take `container_name` away to scale it",
                "the services a and b have the same `container_name` same (compose.yaml:3:33)",
            ]
        )
    }

    private let published = "services:\n  web: {image: a, ports: [\"80:80\"]}\n"

    @Test func `a port that somebody has is named, with the holder and a free one`() throws {
        var stage = try Stage(published)
        var busy = BusyPort(hostIP: "", port: 80, networkProtocol: "tcp", holder: "nginx (pid 4711)")
        busy.free = 81
        stage.world.observed.busyPorts = [busy]
        #expect(
            stage.problems == [
                "the port 80/tcp that the service web publishes is taken by nginx (pid 4711) (compose.yaml:2:27) — "
                    + "stop that, or publish another port; 81 is free"
            ]
        )
    }

    @Test func `a port that its own container gives back is no problem`() throws {
        var stage = try Stage(published)
        stage.up()
        stage.world.observed.images["a"] = "sha256:new"
        #expect(stage.problems == [])
        stage.up()
        #expect(stage.world.refusals == [])
    }

    @Test func `ports that two services exchange are given back before they are taken`() throws {
        func text(_ first: Int, _ second: Int) -> String {
            """
            services:
              a: {image: x, ports: ["\(first):1"], depends_on: [b]}
              b: {image: x, ports: ["\(second):1"]}
            """
        }
        var stage = try Stage(text(80, 81))
        stage.up()
        try stage.edit(text(81, 80))
        #expect(stage.problems == [])
        stage.up()
        #expect(stage.world.refusals == [])
        #expect(stage.planText == "")
    }

    @Test func `ports that cannot be enough are refused`() throws {
        let stage = try Stage(
            """
            services:
              a: {image: x, ports: ["80:1"], scale: 2}
              b: {image: x, ports: ["80:1"]}
              c: {image: x, ports: ["90-91:1"], scale: 3}
            """
        )
        #expect(
            stage.problems == [
                "the service a is to have 2 containers, and publishes at one port: 80 (compose.yaml:2:25) — "
                    + "publish a range of at least 2 ports, or leave the port of the host open",
                "the service c is to have 3 containers, and publishes at 2 ports: 90-91 (compose.yaml:4:25) — "
                    + "publish a range of at least 3 ports, or leave the port of the host open",
                "the services a and b publish the same port 80/tcp (compose.yaml:3:25) — give one of them another port",
            ]
        )
    }

    @Test func `a new container does not start first where only one can have the port`() throws {
        func text(_ user: Int) -> String {
            """
            services:
              web:
                image: a
                user: "\(user)"
                ports: ["80:80"]
                deploy: {update_config: {order: start-first}}
            """
        }
        var stage = try Stage(text(1))
        stage.up()
        try stage.edit(text(2))
        #expect(
            stage.warnings == [
                "the new container of the service web cannot start first: both would have the port 80 "
                    + "(compose.yaml:6:37) — publish a range of ports, or none, to replace it without a gap"
            ]
        )
        stage.up()
        #expect(stage.world.refusals == [])
    }

    @Test func `a wait for a health check that is switched off is refused`() throws {
        let stage = try Stage(
            """
            services:
              web: {image: a, depends_on: {db: {condition: service_healthy}}}
              db: {image: a, healthcheck: {disable: true}}
            """
        )
        #expect(
            stage.problems == [
                "the service web waits for db to be healthy, whose health check is switched off (compose.yaml:2:32) — "
                    + "give db a `healthcheck`, or wait for `service_started`"
            ]
        )
    }

    @Test func `what is shared has to be there`() throws {
        var stage = try Stage("services:\n  web: {image: a, network_mode: \"service:db\"}\n  db: {image: a}\n")
        stage.options.services = ["web"]
        stage.options.includesDependencies = false
        #expect(
            stage.problems == [
                "the service web uses what belongs to db, which has no container (compose.yaml:2:3) — bring db up as well"
            ]
        )
    }
}
