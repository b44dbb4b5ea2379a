// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

@Suite struct `Bringing a project up` {
    @Test func `makes everything, then starts it in the order of the dependencies`() throws {
        let stage = try Stage(
            """
            services:
              web: {image: a, depends_on: {db: {condition: service_healthy}, init: {condition: service_completed_successfully}}}
              db: {image: a, volumes: ["data:/d"], healthcheck: {test: "true"}}
              init: {image: a, depends_on: [db]}
            volumes: {data: }
            """
        )
        #expect(
            stage.planText == """
                [] -> #1 create volume p_data (there is none yet)
                [] -> #2 create network p_default (there is none yet)
                [1,2] -> #3 create p-db-1 (there is none yet)
                [2] -> #4 create p-init-1 (there is none yet)
                [2] -> #5 create p-web-1 (there is none yet)
                [3] -> #6 start p-db-1 (there is none yet)
                [4,6] -> #7 start p-init-1 (there is none yet)
                [6] -> #8 wait until db is healthy
                [7] -> #9 wait until init is completed
                [5,8,9] -> #10 start p-web-1 (there is none yet)
                """
        )
    }

    @Test func `goes on without dependencies that it can do without`() throws {
        let stage = try Stage(
            """
            services:
              web:
                image: a
                depends_on:
                  cache: {condition: service_healthy, required: false}
                  log: {condition: service_started, required: false}
                  off: {condition: service_started, required: false}
                  none: {condition: service_started}
              cache: {image: a, healthcheck: {test: "true"}}
              log: {image: a}
              none: {image: a, scale: 0, depends_on: [base]}
              base: {image: a}
              off: {image: a, profiles: [x]}
            """
        )
        #expect(
            stage.planText == """
                [] -> #1 create network p_default (there is none yet)
                [1] -> #2 create p-base-1 (there is none yet)
                [1] -> #3 create p-cache-1 (there is none yet)
                [1] -> #4 create p-log-1 (there is none yet)
                [1] -> #5 create p-web-1 (there is none yet)
                [2] -> #6 start p-base-1 (there is none yet)
                [3] -> #7 start p-cache-1 (there is none yet)
                [4] -> #8 start p-log-1 (there is none yet)
                [7] -> #9 wait until cache is healthy if possible
                [8] -> #10 wait until log is started if possible
                [5,6,9,10] -> #11 start p-web-1 (there is none yet)
                """
        )
    }

    @Test func `waits for everything where it is asked to`() throws {
        var stage = try Stage(
            """
            services:
              web: {image: a, depends_on: {init: {condition: service_completed_successfully}}}
              init: {image: a}
            """
        )
        stage.options.waits = true
        #expect(
            stage.planText == """
                [] -> #1 create network p_default (there is none yet)
                [1] -> #2 create p-init-1 (there is none yet)
                [1] -> #3 create p-web-1 (there is none yet)
                [2] -> #4 start p-init-1 (there is none yet)
                [4] -> #5 wait until init is completed
                [3,5] -> #6 start p-web-1 (there is none yet)
                [6] -> #7 wait until web is ready
                """
        )
    }

    @Test func `rolls out in batches and takes back what fails`() throws {
        var stage = try Stage("services:\n  web: {image: a, scale: 3}\n")
        stage.up()
        try stage.edit(
            """
            services:
              web:
                image: a
                scale: 3
                user: "1"
                deploy:
                  update_config: {parallelism: 2, delay: 1500ms, failure_action: rollback, monitor: 2s, order: start-first}
                  rollback_config: {parallelism: 2, delay: 1s}
            """
        )
        #expect(
            stage.planText == """
                [] -> #1 create p-web-1 as c2_p-web-1 (user "1" is new)
                [] -> #2 create p-web-2 as c3_p-web-2 (user "1" is new)
                [] -> #3 create p-web-3 as c4_p-web-3 (user "1" is new)
                [1] -> #4 start p-web-1 (user "1" is new)
                [2] -> #5 start p-web-2 (user "1" is new)
                [4,5] -> #6 wait until web is ready for 2000 ms (update_config)
                [1,6] -> #7 stop p-web-1 (user "1" is new)
                [2,6] -> #8 stop p-web-2 (user "1" is new)
                [7,8] -> #9 wait for 1500 ms (update_config.delay)
                [3,9] -> #10 start p-web-3 (user "1" is new)
                [10] -> #11 wait until web is ready for 2000 ms (update_config)
                [3,9,11] -> #12 stop p-web-3 (user "1" is new)
                [] !4,5,6,7,8,10,11,12 -> #13 remove p-web-1 (update_config.failure_action is `rollback`)
                [13] !4,5,6,7,8,10,11,12 -> #14 start p-web-1 (update_config.failure_action is `rollback`)
                [] !4,5,6,7,8,10,11,12 -> #15 remove p-web-2 (update_config.failure_action is `rollback`)
                [15] !4,5,6,7,8,10,11,12 -> #16 start p-web-2 (update_config.failure_action is `rollback`)
                [14,16] !4,5,6,7,8,10,11,12 -> #17 wait for 1000 ms (rollback_config.delay)
                [17] !4,5,6,7,8,10,11,12 -> #18 remove p-web-3 (update_config.failure_action is `rollback`)
                [18] !4,5,6,7,8,10,11,12 -> #19 start p-web-3 (update_config.failure_action is `rollback`)
                [7,12] -> #20 remove p-web-1 (user "1" is new)
                [20] -> #21 rename to p-web-1 (user "1" is new)
                [8,12] -> #22 remove p-web-2 (user "1" is new)
                [22] -> #23 rename to p-web-2 (user "1" is new)
                [12] -> #24 remove p-web-3 (user "1" is new)
                [24] -> #25 rename to p-web-3 (user "1" is new)
                """
        )
    }

    @Test func `goes on after failures where it may`() throws {
        var stage = try Stage("services:\n  web: {image: a, scale: 3}\n")
        stage.up()
        try stage.edit(
            """
            services:
              web:
                image: a
                scale: 3
                user: "1"
                deploy: {update_config: {max_failure_ratio: 0.4}}
            """
        )
        #expect(
            stage.planText == """
                [] -> #1 create p-web-1 as c2_p-web-1 (user "1" is new)
                [] -> #2 create p-web-2 as c3_p-web-2 (user "1" is new)
                [] -> #3 create p-web-3 as c4_p-web-3 (user "1" is new)
                [1] -> #4 stop p-web-1 (user "1" is new)
                [4] -> #5 remove p-web-1 (user "1" is new)
                [5] -> #6 rename to p-web-1 (user "1" is new)
                [1,4,6] -> #7 start p-web-1 (user "1" is new)
                [7] -> #8 wait until web is ready but for 1 (update_config)
                [2,8] -> #9 stop p-web-2 (user "1" is new)
                [9] -> #10 remove p-web-2 (user "1" is new)
                [10] -> #11 rename to p-web-2 (user "1" is new)
                [2,8,9,11] -> #12 start p-web-2 (user "1" is new)
                [12] -> #13 wait until web is ready but for 1 (update_config)
                [3,13] -> #14 stop p-web-3 (user "1" is new)
                [14] -> #15 remove p-web-3 (user "1" is new)
                [15] -> #16 rename to p-web-3 (user "1" is new)
                [3,13,14,16] -> #17 start p-web-3 (user "1" is new)
                [17] -> #18 wait until web is ready but for 1 (update_config)
                """
        )
    }

    @Test func `makes a changed network anew and brings its containers back`() throws {
        var stage = try Stage("services:\n  web: {image: a}\n  db: {image: a, depends_on: [web]}\n")
        stage.up()
        try stage.edit(
            "services:\n  web: {image: a}\n  db: {image: a, depends_on: [web]}\nnetworks: {default: {driver_opts: {a: b}}}\n"
        )
        stage.options.services = ["web"]
        #expect(
            stage.planText == """
                [] -> #1 disconnect p-web-1 (driver_opts {"a":"b"} is new)
                [] -> #2 disconnect p-db-1 (driver_opts {"a":"b"} is new)
                [1,2] -> #3 remove network p_default (driver_opts {"a":"b"} is new)
                [3] -> #4 create network p_default (driver_opts {"a":"b"} is new)
                [4] -> #5 connect p-db-1 to default (the network p_default is made anew)
                [4] -> #6 connect p-web-1 to default (the network p_default is made anew)
                """
        )
    }

    @Test func `replaces the dependants that share what is replaced, and restarts those that ask for it`() throws {
        var stage = try Stage(
            """
            services:
              db: {image: a}
              side: {image: a, network_mode: "service:db"}
              web: {image: a, depends_on: {db: {condition: service_started, restart: true}}}
            """
        )
        stage.up()
        stage.world.observed.images["a"] = "sha256:new"
        stage.world["p-side-1"]?.imageID = "sha256:new"
        stage.world["p-web-1"]?.imageID = "sha256:new"
        #expect(
            stage.planText == """
                [] -> #1 create p-db-1 as c2_p-db-1 (image a sha256:a → sha256:new)
                [1] -> #2 create p-side-1 as c3_p-side-1 (it uses what belongs to db, which gets another container)
                [2] -> #3 stop p-side-1 (it depends on db with `restart: true`, which gets another container)
                [] -> #4 stop p-web-1 (it depends on db with `restart: true`, which gets another container)
                [1,3,4] -> #5 stop p-db-1 (image a sha256:a → sha256:new)
                [5] -> #6 remove p-db-1 (image a sha256:a → sha256:new)
                [6] -> #7 rename to p-db-1 (image a sha256:a → sha256:new)
                [1,7] -> #8 start p-db-1 (image a sha256:a → sha256:new)
                [2,3,8] -> #9 remove p-side-1 (it uses what belongs to db, which gets another container)
                [9] -> #10 rename to p-side-1 (it uses what belongs to db, which gets another container)
                [2,8,10] -> #11 start p-side-1 (it uses what belongs to db, which gets another container)
                [4,8] -> #12 start p-web-1 (it depends on db with `restart: true`, which gets another container)
                """
        )
    }
}
