// SPDX-License-Identifier: Apache-2.0

import Linux
import TestSupport
import Testing

@Suite struct `An engine that does not run` {
    /// A root, and a program in place of the engine.
    private func run(
        _ program: String?,
        root: Scratch,
        _ arguments: [String] = ["wait", "x"]
    ) throws -> Command.Outcome {
        let path = root / "wharfd"
        if let program {
            try root.write("program", "#!/bin/sh\n" + program)
            // The file that is run has not been open for writing here: processes that other tests start at that moment would
            // have it open as well, and what somebody may write is not run (ETXTBSY).
            _ = try Command("/usr/bin/install", ["-m", "755", root / "program", path]).run()
        }
        return try Command(
            Binaries.path(of: "wharf"),
            ["--root", root / "root", "container"] + arguments,
            environment: ["WHARF_WHARFD": path, "PATH": "/usr/bin:/bin", "WHARF_KEPT": "1", "SECRET": "s", "HOME": "/"]
        ).run()
    }

    @Test func `is started, with no more of the environment than it needs`() async throws {
        let scratch = try Scratch()
        let peer = try Peer()
        let result = try await peer.play { peer in
            try Wharf.reply(peer, "200 OK", #"{"StatusCode":4}"#).firstLine
        } client: { _ in
            let program = """
                env > \(scratch / "environment"); echo "$@" > \(scratch / "arguments"); pwd > \(scratch / "folder")
                ls /proc/self/fd | wc -l > \(scratch / "descriptors")
                mkdir -p \(scratch / "root/run"); ln -s \(peer.path) \(scratch / "root/run/wharf.sock")
                printf 'ready\\n' >&3

                """
            return try self.run(program, root: scratch)
        }
        let outcome = try result.client.get()
        #expect(outcome.output == "4\n", "\(outcome.errors)")
        #expect(result.peer == "POST /v1.51/containers/x/wait?condition=not-running")
        #expect(try scratch.text("arguments") == "--root \(scratch / "root") --ready-fd 3\n")
        #expect(try scratch.text("folder") == "/\n")
        let environment = try scratch.text("environment").split(separator: "\n")
        #expect(environment.contains("WHARF_KEPT=1"))
        #expect(!environment.contains { $0.hasPrefix("SECRET") })
        // Its own three, the one for the report, and the folder that `ls` reads; the shell may keep the script.
        #expect(try Int(scratch.text("descriptors").split(separator: "\n")[0]).map { $0 <= 6 } == true)
    }

    @Test(arguments: [
        ("echo 'the database is broken' >&3; exit 1", "did not start: the database is broken; see its log "),
        ("exit 7", "it ended with the status 7; see its log "),
        ("kill -9 $$", "it was ended by signal 9; see its log "),
        // Another one serves, it says, and yet nobody does.
        ("exit 0", "no engine listens on "),
        ("printf 'ready\\n' >&3", "no engine listens on "),
    ])
    func `and cannot be started says why`(program: String, words: String) throws {
        let scratch = try Scratch()
        let log = "mkdir -p \(scratch / "root"); touch \(scratch / "root/engine.log")\n"
        let outcome = try run(log + program + "\n", root: scratch)
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        // Nobody is sent to a file that is not there.
        let early = try run(program + "\n", root: try Scratch())
        #expect(early.end == .exit(1) && !early.errors.contains("see its log"), "\(early.errors)")
    }

    @Test func `and has no program says where that was looked for`() throws {
        let outcome = try run(nil, root: Scratch())
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("`WHARF_WHARFD` names"))
    }

    @Test func `has a path that is too long`() throws {
        let scratch = try Scratch()
        let root = scratch / String(repeating: "x", count: 120)
        let outcome = try Command(Binaries.path(of: "wharf"), ["--root", root, "container", "wait", "x"]).run()
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("choose a shorter `--root`"))
    }
}
