// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

private let created = #"{"Id":"\#(Wharf.id)","Warnings":["the moon is full"]}"#
private let out: Character = "\u{1}"
private let err: Character = "\u{2}"

@Suite struct `A run` {
    @Test func `connects and waits before it starts, and ends as the container ends`() async throws {
        let result = try await Wharf.run(["run", "--rm", "--name", "x", "busybox", "sh", "-c", "exit 7"]) { peer in
            let create = try Wharf.reply(peer, "201 Created", created)
            let attach = try Wharf.attach(peer)
            let wait = try Wharf.wait(peer)
            let start = try Wharf.reply(peer, "204 No Content")
            attach.conversation.send(Wharf.frame(out, "out\n") + Wharf.frame(err, "err\n") + Wharf.frame(out, "end"))
            Wharf.finish(wait.conversation, status: 7)
            return [create, attach.request, wait.request, start].map(\.firstLine)
        }
        #expect(result.command.end == .exit(7))
        #expect(result.command.output == "out\nend")
        #expect(result.command.errors == "WARNING: the moon is full\nerr\n")
        let place = "POST /v1.51/containers/\(Wharf.id)"
        #expect(
            result.peer == [
                "POST /v1.51/containers/create?name=x", place + "/attach?stream=1&stdout=1&stderr=1",
                place + "/wait?condition=removed", place + "/start",
            ]
        )
    }

    @Test func `gives its input to the end and then takes the output`() async throws {
        let scratch = try Scratch()
        let text = String(repeating: "line of input\n", count: 5000)
        let input = try scratch.write("input", text)
        let result = try await Wharf.run(["run", "-i", "busybox", "cat"], input: input) { peer in
            try Wharf.reply(peer, "201 Created", created)
            let attach = try Wharf.attach(peer)
            let wait = try Wharf.wait(peer)
            try Wharf.reply(peer, "204 No Content")
            let input = attach.conversation.rest()
            attach.conversation.send(Wharf.frame(out, "\(input.utf8.count)"))
            Wharf.finish(wait.conversation, status: 0)
            return input
        }
        #expect(result.command.end == .exit(0))
        #expect(result.command.output == "\(text.utf8.count)")
        #expect(result.peer == text)
    }

    @Test(arguments: [
        (#"exec: \"x\": executable file not found in $PATH"#, 127), (#"exec: \"/x\": permission denied"#, 126),
    ])
    func `tells by its status why the program did not start`(message: String, status: Int) async throws {
        let result = try await Wharf.run(["run", "busybox", "x"]) { peer in
            try Wharf.reply(peer, "201 Created", created)
            let attach = try Wharf.attach(peer)
            let wait = try Wharf.wait(peer)
            try Wharf.reply(peer, "400 Bad Request", #"{"message":"\#(message)"}"#)
            return [attach.request, wait.request].count
        }
        #expect(result.command.end == .exit(status))
        #expect(result.command.errors.hasSuffix("error: \(message.replacing("\\", with: ""))\n"))
    }

    @Test func `that may not pull says how to get the image`() async throws {
        let result = try await Wharf.run(["run", "--pull", "never", "nothing", "x"]) { peer in
            try Wharf.reply(peer, "404 Not Found", #"{"message":"No such image: nothing:latest"}"#)
        }
        #expect(result.command.end == .exit(125))
        #expect(result.command.errors.contains("No such image: nothing:latest: load it with `wharf image load`"))
    }

    @Test func `pulls an image that is missing, and tries once more`() async throws {
        let result = try await Wharf.run(["run", "-d", "nothing", "x"]) { peer in
            try Wharf.reply(peer, "404 Not Found", #"{"message":"No such image: nothing:latest"}"#)
            let pull = try Wharf.reply(peer, "200 OK", #"{"status":"Pull complete","progressDetail":{},"id":"0123"}"#)
            let create = try Wharf.reply(peer, "201 Created", created)
            return [pull, create, try Wharf.reply(peer, "204 No Content")].map(\.firstLine)
        }
        #expect(result.command.end == .exit(0))
        #expect(result.command.output == Wharf.id + "\n")
        #expect(result.command.errors.hasPrefix("Unable to find image 'nothing:latest' locally\n"))
        #expect(
            result.peer == [
                "POST /v1.51/images/create?fromImage=nothing&tag=latest", "POST /v1.51/containers/create",
                "POST /v1.51/containers/\(Wharf.id)/start",
            ]
        )
    }

    @Test func `ends where its image cannot be pulled, and says why`() async throws {
        let result = try await Wharf.run(["run", "nothing", "x"]) { peer in
            try Wharf.reply(peer, "404 Not Found", #"{"message":"No such image: nothing:latest"}"#)
            try Wharf.reply(peer, "200 OK", #"{"errorDetail":{"message":"no such repository"}}"#)
        }
        #expect(result.command.end == .exit(125))
        #expect(result.command.errors.hasSuffix("error: no such repository\n"))
    }

    @Test func `in the background prints the identifier`() async throws {
        let scratch = try Scratch()
        let result = try await Wharf.run(["run", "-d", "--cidfile", scratch / "id", "busybox"]) { peer in
            try Wharf.reply(peer, "201 Created", created)
            return try Wharf.reply(peer, "204 No Content").firstLine
        }
        #expect(result.command.end == .exit(0))
        #expect(result.command.output == Wharf.id + "\n")
        #expect(try scratch.text("id") == Wharf.id)
        #expect(result.peer == "POST /v1.51/containers/\(Wharf.id)/start")
    }

    @Test func `whose engine is killed asks the next one for the status`() async throws {
        let result = try await Wharf.run(["run", "busybox"]) { peer in
            try Wharf.reply(peer, "201 Created", created)
            let attach = try Wharf.attach(peer).conversation
            let wait = try Wharf.wait(peer).conversation
            try Wharf.reply(peer, "204 No Content")
            attach.send(String(Wharf.frame(out, "all but this").dropLast(4)))
            attach.close()
            wait.close()
            return try Wharf.reply(peer, "200 OK", #"{"StatusCode":3}"#).firstLine
        }
        #expect(result.command.end == .exit(3))
        #expect(result.command.output == "all but ")
        #expect(result.command.errors.contains("warning: the connection to the engine was lost"))
        #expect(result.peer == "POST /v1.51/containers/\(Wharf.id)/wait?condition=not-running")
    }

    @Test func `does not overwrite the identifier of another container`() async throws {
        let scratch = try Scratch()
        try scratch.write("id", "other")
        let result = try await Wharf.run(["run", "-d", "--cidfile", scratch / "id", "busybox"]) { _ in true }
        #expect(result.command.end == .exit(125))
        #expect(try scratch.text("id") == "other")
    }

    @Test func `with a terminal needs one to read from`() async throws {
        let wharf = Command(Binaries.path(of: "wharf"), ["container", "run", "-it", "busybox"])
        let outcome = try wharf.run()
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.hasPrefix("error: the input device is not a TTY"))
    }
}

@Suite struct `A run in a terminal` {
    @Test func `tells its size and gives the terminal back`() async throws {
        let result = try await Wharf.runInTerminal("run -it busybox sh") { peer in
            let create = try Wharf.reply(peer, "201 Created", created)
            let attach = try Wharf.attach(peer)
            let wait = try Wharf.wait(peer)
            try Wharf.reply(peer, "204 No Content")
            let resize = try Wharf.reply(peer, "200 OK").firstLine
            attach.conversation.send("raw \u{1B}[1moutput")
            Wharf.finish(wait.conversation, status: 5)
            return [create.contains(#""ConsoleSize":[24,80]"#) ? "sized" : create, resize]
        }
        #expect(result.command.end == .exit(5))
        #expect(result.command.output.contains("raw \u{1B}[1moutput"))
        #expect(result.command.output.hasSuffix("same mode\r\n"))
        #expect(result.peer == ["sized", "POST /v1.51/containers/\(Wharf.id)/resize?h=24&w=80"])
    }

    @Test func `leaves the container alone at the keys for that`() async throws {
        let result = try await Wharf.runInTerminal("run -it --detach-keys ctrl-a,d busybox sh", typing: "x\u{1}d") {
            peer in
            try Wharf.reply(peer, "201 Created", created)
            let (request, attach) = try Wharf.attach(peer)
            let wait = try Wharf.wait(peer)
            try Wharf.reply(peer, "204 No Content")
            try Wharf.reply(peer, "200 OK")
            let typed = (0..<3).compactMap { _ in attach.byte() }
            attach.close()
            try Wharf.reply(peer, "200 OK", #"{"State":{"Status":"running","Running":true}}"#)
            return "\(typed) \(request.contains("detachKeys=ctrl-a%2Cd")) \(wait.request.isEmpty)"
        }
        #expect(result.command.end == .exit(0))
        #expect(result.command.output.hasSuffix("same mode\r\n"))
        #expect(result.peer == "[120, 1, 100] true false")
    }
}
