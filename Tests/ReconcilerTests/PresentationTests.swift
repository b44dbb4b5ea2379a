// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Reconciler
import TestSupport
import Testing

@Suite struct `A plan that is shown` {
    private func stage() throws -> Stage {
        var stage = try Stage("services:\n  web: {image: a}\n  old: {image: a}\n  low: {image: a}\n")
        stage.up()
        try stage.edit(
            """
            services:
              web:
                image: a
                environment: {MODE: prod}
              low: {image: a, mem_limit: 1m}
              new: {image: a}
            """
        )
        stage.options.removesOrphans = true
        return stage
    }

    @Test func `tells each thing in one line, with the reasons and their places`() throws {
        let stage = try stage()
        #expect(
            stage.human(stage.plan) == """
                ~ update container p-low-1
                    mem_limit "1048576" is new (compose.yaml:5:30)
                + create container p-new-1
                    there is none yet
                ± replace container p-web-1
                    environment.MODE "prod" is new (compose.yaml:4:25)
                - remove container p-old-1
                    the project has no service old any more

                Plan: 1 to create, 1 to replace, 1 to update, 1 to remove
                """
        )
    }

    @Test func `marks its parts as it is told to`() throws {
        let stage = try stage()
        let markup = PlanText.Markup(
            change: { "<\($0.rawValue)>\($1)</>" },
            cause: { "[\($0)]" },
            severity: { "\($0)!\($1)" }
        )
        var plan = stage.plan
        plan.problems = [Problem("no", help: "yes")]
        let text = PlanText(plan, from: stage.folder.path, markup: markup).text
        #expect(text.hasPrefix("true!error: no\n    [yes]\n\n<update>~ update</> container p-low-1\n    [mem_limit"))
    }

    @Test func `has a stable form in JSON`() throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.up()
        try stage.edit(
            """
            services:
              web: {image: a, user: "1", depends_on: {db: {condition: service_healthy, required: false}}}
              db: {image: b, healthcheck: {test: "true"}}
            """
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let document = PlanDocument(stage.plan)
        let lines = try document.actions.map { stage.shorten(String(decoding: try encoder.encode($0), as: UTF8.self)) }
        #expect(
            lines.joined(separator: "\n") == #"""
                {"action":"create","after":[],"causes":[{"text":"there is none yet"}],"id":1,\#
                "resource":{"kind":"container","name":"p-db-1","number":1,"service":"db"}}
                {"action":"create","after":[],"causes":[{"column":25,"file":"compose.yaml","line":2,"new":"\"1\"",\#
                "path":"services.web.user","text":"user \"1\" is new"}],"id":2,"replaces":"c2",\#
                "resource":{"kind":"container","name":"p-web-1","number":1,"service":"web"}}
                {"action":"start","after":[1],"causes":[{"text":"there is none yet"}],"id":3,\#
                "resource":{"created_by":1,"kind":"container","name":"p-db-1","number":1,"service":"db"}}
                {"action":"wait","after":[3],"causes":[],"condition":"healthy","id":4,"optional":true,\#
                "resource":{"kind":"service","name":"db"}}
                {"action":"stop","after":[2,4],"causes":[{"column":25,"file":"compose.yaml","line":2,"new":"\"1\"",\#
                "path":"services.web.user","text":"user \"1\" is new"}],"id":5,"resource":{"id":"c2",\#
                "kind":"container","name":"p-web-1","number":1,"service":"web"}}
                {"action":"remove","after":[5],"causes":[{"column":25,"file":"compose.yaml","line":2,"new":"\"1\"",\#
                "path":"services.web.user","text":"user \"1\" is new"}],"id":6,"resource":{"id":"c2",\#
                "kind":"container","name":"p-web-1","number":1,"service":"web"}}
                {"action":"rename","after":[6],"causes":[{"column":25,"file":"compose.yaml","line":2,"new":"\"1\"",\#
                "path":"services.web.user","text":"user \"1\" is new"}],"id":7,"resource":{"created_by":2,\#
                "kind":"container","name":"p-web-1","number":1,"service":"web"},"target":"p-web-1"}
                {"action":"start","after":[2,4,7],"causes":[{"column":25,"file":"compose.yaml","line":2,\#
                "new":"\"1\"","path":"services.web.user","text":"user \"1\" is new"}],"id":8,\#
                "resource":{"created_by":2,"kind":"container","name":"p-web-1","number":1,"service":"web"}}
                """#
        )
        var rest = document
        rest.actions = []
        let text = String(decoding: try encoder.encode(rest), as: UTF8.self)
        #expect(
            text == """
                {"actions":[],"has_changes":true,"problems":[],"project":"p",\
                "summary":{"create":1,"remove":0,"replace":1,"restart":0,"start":0,"stop":0,"update":0},\
                "unchanged":[],"warnings":[]}
                """
        )
    }

    @Test func `tells problems with their places in JSON`() throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.world.observed.images = [:]
        let notice = try #require(PlanDocument(stage.plan).problems.first)
        #expect(notice.message == "the image a of the service web is not on this machine")
        #expect(notice.file.map(stage.shorten) == "compose.yaml")
        #expect([notice.line, notice.column] == [2, 16])
        #expect(notice.help != nil)
    }
}
