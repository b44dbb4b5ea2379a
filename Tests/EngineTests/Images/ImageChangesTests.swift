// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Testing

@testable import Engine

private func config(_ changes: [String]) throws -> OCI.ContainerConfig {
    var instructions = ImageChanges()
    try instructions.apply(changes)
    return instructions.config
}

@Suite struct `Changes of an image by instructions` {
    @Test func `have the meaning that they have in a Dockerfile`() throws {
        let config = try config([
            "CMD echo $HOME", "entrypoint [\"/bin/a\", \"b c\"]", "ENV A=1 B=\"two words\" C='$A' D=$A\\ x",
            "ENV OLD form $A",
            "EXPOSE 80 53/udp 7000-7002/tcp", "LABEL \"com.example\"=\"a b\" x=y", "USER 1000:${B:+grp}",
            "VOLUME [\"/data\", \"/more\"]", "VOLUME /third $A", "WORKDIR /srv", "WORKDIR app/../web",
            "STOPSIGNAL SIGTERM",
            "ONBUILD RUN make",
            "HEALTHCHECK --interval=30s --retries=3 --start-period=1m30s CMD curl -f http://localhost/",
        ])
        #expect(config.cmd == ["/bin/sh", "-c", "echo $HOME"])
        #expect(config.entrypoint == ["/bin/a", "b c"])
        #expect(config.env == ["A=1", "B=two words", "C=$A", "D= x", "OLD=form 1"])
        #expect(config.exposedPorts?.keys.sorted() == ["53/udp", "7000/tcp", "7001/tcp", "7002/tcp", "80/tcp"])
        #expect(config.labels == ["com.example": "a b", "x": "y"])
        #expect(config.user == "1000:grp")
        #expect(config.volumes?.keys.sorted() == ["/data", "/more", "/third", "1"])
        #expect(config.workingDir == "/srv/web")
        #expect(config.stopSignal == "SIGTERM")
        #expect(config.onBuild == ["RUN make"])
        #expect(config.healthcheck?.test == ["CMD-SHELL", "curl -f http://localhost/"])
        #expect(config.healthcheck?.interval == .seconds(30))
        #expect(config.healthcheck?.startPeriod == .seconds(90))
        #expect(config.healthcheck?.retries == 3)
    }

    @Test func `may be several lines with continuations and comments`() throws {
        let config = try config(["# a comment\nENV A=1 \\\n  B=2\n\nCMD [\"x\"]\n"])
        #expect(config.env == ["A=1", "B=2"] && config.cmd == ["x"])
    }

    @Test func `take the whole line for the user`() throws {
        #expect(try config(["USER a b"]).user == "a b")
    }

    @Test func `of the entry point reset a command that was there before`() throws {
        var existing = OCI.ContainerConfig()
        existing.cmd = ["old"]
        var instructions = ImageChanges(existing)
        try instructions.apply(["ENTRYPOINT [\"new\"]"])
        #expect(instructions.config.cmd == nil)
        #expect(try config(["HEALTHCHECK NONE"]).healthcheck?.test == ["NONE"])
        #expect(try config(["HEALTHCHECK CMD [\"a\", \"b\"]"]).healthcheck?.test == ["CMD", "a", "b"])
        #expect(try config(["ENV A=1", "ENV A=${A:-x}2 B=${NONE:-d$A}"]).env == ["A=12", "B=d1"])
    }

    @Test(arguments: [
        ("NONSENSE x", "NONSENSE is not a valid change command"), ("RUN make", "RUN is not a valid change command"),
        ("FROM x", "FROM is not a valid change command"),
        ("LABEL", "LABEL requires an argument"), ("ENV A", "has no value"), ("ENV A=1 B", "not of the form name=value"),
        ("ENV =x", "is empty"), ("ENV A=\"x", "not closed"), ("ENV A=${B", "not closed"), ("ENV A=${B!x}", "no form"),
        ("EXPOSE 70000", "invalid containerPort"), ("EXPOSE 8/x", "invalid containerPort"),
        ("EXPOSE 9-8", "invalid containerPort"),
        ("VOLUME [\" \"]", "can not be an empty string"),
        ("STOPSIGNAL 99", "invalid signal"), ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD"),
        ("ONBUILD FROM x", "FROM isn't allowed"), ("HEALTHCHECK --x=1 CMD a", "Unknown flag"),
        ("HEALTHCHECK CMD", "Missing command"),
        ("HEALTHCHECK --interval=1 CMD a", "write a time"), ("HEALTHCHECK --interval=1us CMD a", "write a time"),
        ("HEALTHCHECK --retries=-1 CMD a", "retries"), ("HEALTHCHECK FOO", "Unknown type"),
    ])
    func `that make no sense are refused`(change: String, reason: String) {
        let error = #expect(throws: EngineError.self) { try config([change]) }
        #expect(error?.code == .badParameter)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            ("24h", 86_400_000_000_000), ("1h30m", 5_400_000_000_000), ("1.5s", 1_500_000_000), ("250ms", 250_000_000),
            ("0", 0), ("", nil), ("5", nil), ("h", nil), ("1x", nil), ("99999999999h", nil),
            ("-1h", -3_600_000_000_000), (".s", nil),
        ] as [(String, Int64?)]
    )
    func `read durations as Go does`(text: String, nanoseconds: Int64?) {
        #expect(GoDuration(text)?.nanoseconds == nanoseconds)
    }
}
