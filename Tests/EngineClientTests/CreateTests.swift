// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import TestSupport
import Testing

/// A command line and what the `docker` command (28.2.2) sends for it.
private struct Recording: Decodable, Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var query: String

    var testDescription: String { arguments.joined(separator: " ") }
}

private struct Request: Decodable {
    var request: JSONValue
}

private let lines: [String] = {
    let path = Repository.root + "/Tests/EngineClientTests/Fixtures/create.json"
    // Each recording stands on a line of its own.
    return ((try? readText(path)) ?? "").split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
        String(line.last == "," ? line.dropLast() : line)
    }
}()

@Suite(.serialized) struct `The options of a container` {
    @Test func `are recorded`() {
        #expect(lines.count > 60)
    }

    @Test(arguments: lines.indices)
    func `make the request that they make with docker`(index: Int) async throws {
        let scratch = try Scratch()
        try scratch.write("env.txt", "# c\nA=1\nB=x y\nHOMELESS\nPATHX=\n")
        try scratch.write("lab.txt", "l1=v1\nl2\n")
        try scratch.write("sec.json", #"{"defaultAction":"SCMP_ACT_ALLOW"}"#)
        let text = lines[index].replacing("FOLDER", with: scratch.path)
        let recording = try JSONDecoder().decode(Recording.self, from: Data(text.utf8))
        let expected = try JSONDecoder().decode(Request.self, from: Data(text.utf8)).request
        let result = try await Wharf.run(["create"] + recording.arguments, in: scratch.path) { peer in
            try Wharf.reply(peer, "201 Created", #"{"Id":"\#(Wharf.id)","Warnings":[]}"#)
        }
        #expect(result.command.end == .exit(0), "\(recording.testDescription): \(result.command.errors)")
        let request = try #require(result.peer)
        let query = recording.query.isEmpty ? "" : "?" + recording.query
        #expect(request.firstLine == "POST /v1.51/containers/create\(query)")
        let body = try #require(request.split(separator: "\r\n\r\n", maxSplits: 1).last)
        #expect(try JSONValue.read(String(body)) == expected, "\(recording.testDescription)")
    }

    @Test(arguments: [
        (["--rm", "--restart", "always"], "`--rm` and `--restart always` cannot be combined"),
        (["--no-healthcheck", "--health-cmd", "x"], "`--no-healthcheck` cannot be combined"),
        (["-a", "nothing"], "stdin, stdout or stderr"),
        (["--ulimit", "bad=1"], "NAME=SOFT[:HARD]"),
        (["--ulimit", "nofile=5:1"], "NAME=SOFT[:HARD]"),
        (["--device", "relative"], "absolute paths"),
        (["--memory", "1x"], "a size in bytes"),
        (["--cpus", "abc"], "a number of processors"),
        (["--cpus", "1.0000000001"], "a number of processors"),
        (["-p", "99999:80"], "the host port `99999`"),
        (["--mount", "type=bind"], "with a `target`"),
        (["--mount", "type=bind,dst=/x,volume-nocopy"], "without `volume-…`"),
        (["--mount", "type=weird,dst=/x"], "bind, volume, tmpfs or image"),
        (["--mount", "dst=/x,what=ever"], "no key `what`"),
        (["--mount", "\"dst=/x"], "an end to each quotation mark"),
        (["--network", "host", "--network", "n1"], "together with"),
        (["--network", "n1", "--network", "n1"], "more than once"),
        (["--network", "name=n1,ip=1.2.3"], "an IPv4 address"),
        (["--network-alias", "a"], "an alias needs a network"),
        (["--tmpfs", "relative"], "an absolute path"),
        (["--log-driver", "none", "--log-opt", "a=b"], "no meaning"),
        (["--env", "=x"], "a name"),
        (["--memory-swappiness", "101"], "0 to 100"),
        (["--oom-score-adj", "2000"], "-1000 to 1000"),
        (["--restart", "maybe"], "on-failure"),
        (["--restart", "always:3"], "on-failure"),
        (["--add-host", "bad"], "NAME:ADDRESS"),
        (["--dns", "bad"], "an address"),
        (["--link", "a:b:c"], "CONTAINER[:ALIAS]"),
        (["--mac-address", "zz"], "hexadecimal"),
        (["--health-interval", "-5s"], "a duration"),
        (["--expose", "80:80"], "a port or a range"),
        (["--expose", "9-8"], "a port or a range"),
        (["-p", "80:70000"], "the container port `70000`"),
        (["-p", "9-8:80"], "ends before it begins"),
        (["-p", "8080-8083:80-82"], "differ in length"),
        (["-p", "8080:"], "has no container port"),
        (["-p", "80:80/icmp"], "the unknown protocol `icmp`"),
        (["-p", "localhost:80:80"], "where an IP address stands"),
        (["-p", "target=80,protocol=bad"], "the unknown protocol `bad`"),
        (["--network", "container:x", "--network", "n1"], "together with"),
        (["--network", "name=n1,gw-priority=x"], "a whole number as `gw-priority`"),
        (["--network", "name=n1,driver-opt=x"], "`driver-opt=NAME=VALUE`"),
        (["--network", "name=n1,bogus=1"], "no key `bogus`"),
        (["--network", "alias=x"], "pairs with a `name`"),
        (["--network", ""], "the name of a network"),
        (["--network", "name=n1,ip=10.0.0.1", "--ip", "10.0.0.2"], "`--ip` and the same in `--network`"),
        (["--network", "name=bridge,alias=x"], "an alias needs a network"),
        (["--dns-search", "bad..x"], "a domain"),
        (["--dns-search", "-x"], "a domain"),
        (["--add-host", "a:bad"], "an address"),
        (["--security-opt", "foo"], "NAME=VALUE"),
        (["--sysctl", "x"], "a name, `=` and a value"),
        (["--blkio-weight", "5000"], "from 0 to 1000"),
        (["--device-read-bps", "sda:1mb"], "a device below /dev"),
        (["--device-cgroup-rule", "c 1 rwm"], "a rule such as"),
        (["--gpus", "all"], "no driver for GPUs"),
        (["--env-file", "/nonexistent"], "cannot read `/nonexistent`"),
        (["--detach-keys", "ctrl-"], "unknown option"),
    ])
    func `that make no sense are refused before the engine is asked`(options: [String], words: String) throws {
        let wharf = Command(
            Binaries.path(of: "wharf"),
            ["container", "create"] + options + ["busybox"],
            environment: ["WHARF_ROOT": "/nonexistent", "WHARF_WHARFD": "/nonexistent"]
        )
        let outcome = try wharf.run()
        #expect(outcome.end == .exit(125) || outcome.end == .exit(1), "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(words), "\(outcome.errors)")
    }
}
