// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Testing

@testable import Engine

@Suite struct `The merge with an image` {
    @Test(arguments: [
        ("{}", ["/entry", "default"]),
        (#"{"Cmd":["other"]}"#, ["/entry", "other"]),
        (#"{"Entrypoint":["/mine"]}"#, ["/mine"]),
        (#"{"Entrypoint":["/mine"],"Cmd":["x"]}"#, ["/mine", "x"]),
        (#"{"Entrypoint":[""],"Cmd":["x"]}"#, ["x"]),
        (#"{"Entrypoint":[],"Cmd":["x"]}"#, ["x"]),
        (#"{"Entrypoint":[]}"#, ["default"]),
        (#"{"Cmd":[]}"#, ["/entry", "default"]),
    ])
    func `gives the command that Docker gives`(json: String, command: [String]) throws {
        let image = try Sample.image(#"{"Entrypoint":["/entry"],"Cmd":["default"]}"#)
        var request = try Sample.request(json)
        if !json.contains("Cmd") { request.config.cmd = nil }
        #expect(request.config.merged(with: image).commandLine == command)
    }

    @Test func `joins lists by name and keeps the user's entries`() throws {
        let image = try Sample.image(
            """
            {"Env":["PATH=/image","A=1","GONE=x"],"Labels":{"a":"image","b":"image"},"ExposedPorts":{"80/tcp":{}},
            "Volumes":{"/image":{}},"User":"image","WorkingDir":"/image","StopSignal":"SIGINT"}
            """
        )
        let config = try Sample.request(
            """
            {"Env":["A=2","GONE","B="],"Labels":{"a":"user"},"ExposedPorts":{"81/udp":{}},"Volumes":{"/user":{}},
            "User":"user"}
            """
        ).config.merged(with: image)
        #expect(config.env == ["A=2", "GONE", "B=", "PATH=/image"])
        #expect(config.labels == ["a": "user", "b": "image"])
        #expect(config.exposedPorts?.keys.sorted() == ["80/tcp", "81/udp"])
        #expect(config.volumes?.keys.sorted() == ["/image", "/user"])
        #expect(config.user == "user" && config.workingDir == "/image" && config.stopSignal == "SIGINT")
        let variables = Environment.variables(of: config, hasTerminal: true)
        #expect(variables == ["PATH=/image", "HOSTNAME=", "TERM=xterm", "A=2", "B="])
    }

    @Test func `completes a health check field by field`() throws {
        let image = try Sample.image(#"{"Healthcheck":{"Test":["CMD","x"],"Interval":5000000000,"Retries":4}}"#)
        let config = try Sample.request(#"{"Healthcheck":{"Interval":1000000000}}"#).config.merged(with: image)
        #expect(config.healthcheck?.test == ["CMD", "x"])
        #expect(config.healthcheck?.interval == .seconds(1))
        #expect(config.healthcheck?.retries == 4)
    }

    @Test(arguments: [
        (["A=1", "B=2"], ["A=3"], ["A=3", "B=2"]),
        (["A=1", "B=2"], ["A"], ["B=2"]),
        (["A=1"], ["A", "A=4"], ["A=4"]),
        (["A=1"], ["C=", "C=5"], ["A=1", "C=5"]),
        (["A=1"], ["AB"], ["A=1"]),
    ])
    func `variables are replaced and taken away by name`(before: [String], changes: [String], after: [String]) {
        #expect(Environment.applying(changes, to: before) == after)
    }
}
