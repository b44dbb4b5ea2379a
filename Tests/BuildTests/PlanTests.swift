// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Build

@Suite struct `Variables of a stage` {
    /// The value of `v` that a program at the end of the file sees.
    @Test(
        arguments: [
            ("FROM scratch\nENV v=1", [:], "1"), ("FROM scratch\nARG v=1", [:], "1"),
            ("FROM scratch\nARG v=1", ["v": "2"], "2"), ("FROM scratch\nARG v", ["v": "2"], "2"),
            ("FROM scratch\nARG v", [:], nil), ("FROM scratch", ["v": "2"], nil),
            ("FROM scratch\nENV v=1", ["v": "2"], "1"),
            // What is declared before the first stage has to be declared again.
            ("ARG v=1\nFROM scratch", [:], nil), ("ARG v=1\nFROM scratch\nARG v", [:], "1"),
            ("ARG v=1\nFROM scratch\nARG v=2", [:], "2"), ("ARG v=1\nFROM scratch\nARG v", ["v": "3"], "3"),
            ("ARG v\nFROM scratch\nARG v", [:], nil),
            ("ARG a=x\nARG v=$a-y\nFROM scratch\nARG v", [:], "x-y"), ("ARG a=x v=$a\nFROM scratch\nARG v", [:], "x"),
            // The last one that sets it counts.
            ("FROM scratch\nARG v=1\nENV v=2", [:], "2"), ("FROM scratch\nARG v=1\nENV v=$v-x", ["v": "3"], "3-x"),
            ("FROM scratch\nENV v=1\nENV v=2", [:], "2"), ("FROM scratch\nENV v=1\nARG v", [:], "1"),
            ("FROM scratch\nARG v=1\nARG v=2", [:], "2"), ("FROM scratch\nARG v=1\nARG v", [:], "1"),
            // All of an instruction see what was before it, but for ARG.
            ("FROM scratch\nENV a=1\nENV a=2 v=$a", [:], "1"), ("FROM scratch\nENV a=2 v=$a", [:], ""),
            ("FROM scratch\nARG a=2 v=$a", [:], "2"),
            ("FROM scratch\nENV v=\"a b\"", [:], "a b"), ("FROM scratch\nENV v a  b", [:], "a  b"),
            ("FROM scratch\nENV v='$x'", [:], "$x"), ("FROM scratch\nENV v=\\$x", [:], "$x"),
            ("FROM scratch\nENV n=v\nENV $n=1", [:], "1"),
            ("FROM scratch\nENV v=a=b", [:], "a=b"), ("FROM scratch\nENV v=", [:], ""),
            ("FROM scratch\nENV v \"a b\"", [:], "a b"), ("# escape=`\nFROM scratch\nENV v=c:\\x", [:], "c:\\x"),
            // Stages upon a stage have its variables, others do not.
            ("FROM scratch AS a\nENV v=1\nFROM a", [:], "1"), ("FROM scratch AS a\nARG v=1\nFROM a", [:], "1"),
            ("FROM scratch AS a\nENV v=1\nFROM scratch", [:], nil),
            ("FROM scratch AS a\nARG v=1\nFROM a\nENV v=$v$v", [:], "11"),
            ("FROM scratch AS a\nARG v\nFROM a", ["v": "2"], "2"),
            // Those of the platforms are there for who declares them.
            ("FROM scratch\nARG TARGETARCH\nENV v=$TARGETARCH", [:], "amd64"),
            ("FROM scratch\nENV v=$TARGETARCH", [:], ""),
            ("FROM scratch\nARG TARGETPLATFORM\nENV v=$TARGETPLATFORM", [:], "linux/amd64"),
            ("FROM scratch\nARG BUILDOS\nARG TARGETVARIANT\nENV v=$BUILDOS$TARGETVARIANT", [:], "linux"),
            ("FROM scratch\nARG TARGETARCH=x\nENV v=$TARGETARCH", [:], "x"),
            ("FROM scratch\nARG TARGETARCH\nENV v=$TARGETARCH", ["TARGETARCH": "y"], "y"),
            ("FROM scratch\nARG TARGETSTAGE\nENV v=$TARGETSTAGE", [:], "default"),
            // The path of programs is there in any case, and proxies are not for filling in.
            ("FROM scratch\nENV v=$PATH", [:], Scope.defaultPath),
            ("FROM scratch\nENV v=$HTTP_PROXY", ["HTTP_PROXY": "p"], ""),
        ] as [(String, [String: String], String?)]
    )
    func `come from where they should`(text: String, arguments: [String: String], value: String?) throws {
        let run = try graph(text + "\nRUN x") { $0.arguments = arguments }.run(0)
        let found = run.environment.first { $0.hasPrefix("v=") }.map { String($0.dropFirst(2)) }
        #expect(found == value)
    }

    @Test(
        arguments: [
            ("ENV a=1", ["a=1"]), ("ENV a=1 b=2\nENV a=3", ["a=3", "b=2"]), ("ARG a=1", nil),
            ("ARG a=1\nENV b=$a", ["b=1"]), ("ENV a=1\nARG a=2", ["a=1"]),
        ] as [(String, [String]?)]
    )
    func `are in the image where ENV has set them`(text: String, list: [String]?) throws {
        #expect(try graph("FROM scratch\n" + text).target.config.env == list)
    }

    @Test func `of proxies reach programs undeclared, and not the key`() throws {
        let text = "FROM scratch\nRUN x"
        let without = try graph(text)
        let with = try graph(text) { $0.arguments = ["HTTP_PROXY": "p", "no_proxy": "q", "Http_Proxy": "r", "x": "y"] }
        #expect(try with.run(0).proxies == ["HTTP_PROXY=p", "http_proxy=p", "NO_PROXY=q", "no_proxy=q"])
        #expect(with.steps.map(\.cacheInputs) == without.steps.map(\.cacheInputs))
        let declared = try graph("FROM scratch\nARG HTTP_PROXY\nRUN x") { $0.arguments = ["HTTP_PROXY": "p"] }
        #expect(
            try declared.run(0).proxies == ["HTTP_PROXY=p", "http_proxy=p"]
                && declared.run(0).environment.contains("HTTP_PROXY=p")
        )
    }

    @Test func `that nobody asked for are told`() {
        let plan = plan("ARG a\nFROM scratch\nARG b") {
            $0.arguments = [
                "a": "1", "b": "1", "c": "1", "HTTP_PROXY": "", "SOURCE_DATE_EPOCH": "0", "BUILDKIT_INLINE_CACHE": "1",
                "TARGETARCH": "x",
            ]
        }
        #expect(plan.unusedArguments == ["c"])
    }
}

@Suite struct `The config of an image` {
    @Test func `is what its instructions say`() throws {
        let config = try graph(
            """
            FROM scratch
            ENV d=/srv p=80
            WORKDIR $d
            WORKDIR app/../web
            USER ${none:-1000}:grp
            EXPOSE $p 53/udp 7000-7002/tcp
            VOLUME ["/data", "$d"]
            LABEL "com.example"="a b" x=$p
            STOPSIGNAL SIGTERM
            SHELL ["/bin/bash", "-c"]
            CMD echo $HOME
            ENTRYPOINT ["/bin/a", "$p"]
            HEALTHCHECK --interval=30s --timeout=1m30s --start-period=1h --start-interval=0 --retries=3 CMD curl $p
            ONBUILD RUN $p
            """
        ).target.config
        #expect(config.workingDir == "/srv/web" && config.user == "1000:grp" && config.stopSignal == "SIGTERM")
        #expect(config.exposedPorts?.keys.sorted() == ["53/udp", "7000/tcp", "7001/tcp", "7002/tcp", "80/tcp"])
        #expect(config.volumes?.keys.sorted() == ["/data", "/srv"])
        #expect(config.labels == ["com.example": "a b", "x": "80"])
        #expect(config.cmd == ["/bin/bash", "-c", "echo $HOME"] && config.entrypoint == ["/bin/a", "$p"])
        #expect(config.healthcheck?.test == ["CMD-SHELL", "curl $p"] && config.healthcheck?.timeout == .seconds(90))
        #expect(config.healthcheck?.startInterval == .zero && config.healthcheck?.retries == 3)
        #expect(config.onBuild == ["RUN $p"] && config.shell == ["/bin/bash", "-c"])
    }

    @Test(
        arguments: [
            ("WORKDIR a", "/a"), ("WORKDIR /a/./b//c/..", "/a/b"), ("WORKDIR /a\nWORKDIR ..\nWORKDIR ..", "/"),
            ("WORKDIR /a b", "/a b"), ("ENV x=y\nWORKDIR /${x:-z}", "/y"), ("WORKDIR /", "/"),
        ] as [(String, String)]
    )
    func `has the folder that the steps lead to`(text: String, path: String) throws {
        #expect(try graph("FROM scratch\n" + text).target.config.workingDir == path)
    }

    @Test func `of a base is the start`() throws {
        var image = ImageConfig(platform: Platform(architecture: "amd64"), diffIDs: [])
        image.author = "them"
        image.config = ContainerConfig()
        image.config?.env = ["PATH=/x", "J=/j"]
        image.config?.cmd = ["old"]
        image.config?.workingDir = "/w"
        image.config?.user = "u"
        let known = ["docker.io/library/base:latest": image]
        let kept = try graph("FROM base\nENV K=$J\nWORKDIR v\nRUN x") { $0.baseConfigs = known }
        #expect(kept.target.config.env == ["PATH=/x", "J=/j", "K=/j"] && kept.target.config.cmd == ["old"])
        #expect(
            try kept.run(0).user == "u" && kept.run(0).directory == "/w/v"
                && kept.run(0).environment.contains("PATH=/x")
        )
        #expect(kept.target.author == "them")
        let reset = try graph("FROM base\nENTRYPOINT [\"e\"]\nMAINTAINER us") { $0.baseConfigs = known }
        #expect(reset.target.config.cmd == nil && reset.target.author == "us")
        let both = try graph("FROM base\nCMD [\"c\"]\nENTRYPOINT [\"e\"]") { $0.baseConfigs = known }
        #expect(both.target.config.cmd == ["c"])
    }

    @Test func `of a stage below has a command that an entry point resets`() throws {
        let config = try graph("FROM scratch AS a\nCMD [\"c\"]\nFROM a\nENTRYPOINT [\"e\"]").target.config
        #expect(config.cmd == nil && config.entrypoint == ["e"])
    }

    @Test(arguments: [
        ("EXPOSE 70000", "2:8 invalid containerPort: `70000`"), ("EXPOSE 8/x", "2:8 invalid containerPort"),
        ("EXPOSE 9-8", "2:8 invalid"), ("EXPOSE 0", "2:8 invalid"), ("EXPOSE a", "2:8 invalid"),
        ("EXPOSE 80 x", "2:11 invalid"),
        ("VOLUME [\" \"]", "2:8 VOLUME specified can not be an empty string"), ("VOLUME $none", "2:8 VOLUME specified"),
        ("STOPSIGNAL 99", "2:12 invalid signal: `99`"),
        ("STOPSIGNAL S!", "2:12 invalid signal"), ("ENV a=\"x", "2:5 `\"x`: the \" is not closed"),
        ("ENV a=${b", "2:5 `${b`: the { is not closed"),
        ("ENV a=${b:?give it}", "2:17 `it}` is not of the form name=value"),
        ("ENV a=\"${b:?give it}\"", "2:5 `\"${b:?give it}\"`: the variable `b` is demanded: give it"),
        ("ENV $none=1", "2:5 the name of a variable is empty"), ("LABEL a='x", "2:7 `'x`: the ' is not closed"),
        ("WORKDIR ${x?}", "2:9 `${x?}`: the variable `x` is demanded"), ("ARG a=${x?y}", "2:5 `${x?y}`"),
        ("COPY a ${x", "2:8 `${x`: the { is not closed"), ("COPY --chown=${x a b", "2:6 `${x`"),
        ("COPY --chmod=${x:-9} a b", "2:6 `--chmod=9` is no mode"),
        ("COPY https://x/y /", "2:6 COPY cannot copy from the address `https://x/y`; ADD can"),
        ("COPY git@x:y /", "2:6 COPY cannot copy from the address"),
        ("ADD --checksum=sha256:0 https://x/y /", "2:25 `--checksum=sha256:0` is no checksum"),
        ("ADD --checksum=sha256:0 a /", "2:25 `--checksum` is for addresses"),
        ("ADD --checksum=x https://x/y https://x/z /", "2:18 `--checksum` is for one source"),
        ("COPY --from=1 a b", "2:6 there is no stage 1"),
        ("COPY --from=0 a b", "2:6 the stage `0` cannot be used here"),
        ("COPY --from=Image a b", "2:6 `Image` is not an image reference"),
        ("SHELL [\"a\"]\nRUN --mount=type=x y", "3:5 `type=x` of a mount is none of bind, cache"),
    ])
    func `is not made of what makes no sense`(line: String, message: String) {
        let problems = lines(plan("FROM scratch\n" + line).allProblems)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
        #expect(throws: BuildProblem.self) { try plan("FROM scratch\n" + line).graph() }
    }
}

@Suite struct `Mounts` {
    private func mount(_ options: String, before: String = "") throws -> RunMount {
        let graph = try graph(
            "FROM scratch AS base\nFROM scratch\nWORKDIR /w\nARG v=val\n\(before)\nRUN --mount=\(options) x"
        )
        return try #require(try graph.run(0).mounts.first)
    }

    @Test(
        arguments: [
            ("target=t", .bind, "/w/t", true, ""), ("type=bind,dst=/t,source=s", .bind, "/t", true, ""),
            ("type=bind,destination=/t,rw", .bind, "/t", false, ""),
            ("type=bind,target=/t,readwrite=true", .bind, "/t", false, ""),
            ("type=bind,target=/t,ro=false", .bind, "/t", false, ""), ("target=/$v", .bind, "/val", true, ""),
            ("TYPE=Bind,Target=/t", .bind, "/t", true, ""), ("target=/t,type=cache", .cache, "/t", false, "/t"),
            ("type=cache,target=t/../u", .cache, "/w/u", false, "/w/u"),
            ("type=cache,target=/t,id=${v}x", .cache, "/t", false, "valx"),
            ("type=cache,target=/t,ro", .cache, "/t", true, "/t"), ("type=tmpfs,target=/t", .tmpfs, "/t", false, ""),
            ("type=secret,id=s", .secret, "/run/secrets/s", true, "s"),
            ("type=secret,id=a/s", .secret, "/run/secrets/s", true, "a/s"),
            ("type=secret,source=s", .secret, "/run/secrets/s", true, "s"),
            ("type=secret,target=/x/y", .secret, "/x/y", true, "y"),
            ("type=secret,id=s,target=f", .secret, "/w/f", true, "s"),
            ("type=secret,id=s,env=E", .secret, "", true, "s"),
            ("type=secret,id=s,env=E,target=/t", .secret, "/t", true, "s"),
            ("type=ssh", .ssh, "/run/buildkit/ssh_agent.0", true, "default"),
            ("type=ssh,id=k,target=/t", .ssh, "/t", true, "k"), ("\"type=bind,target=/a b\"", .bind, "/a b", true, ""),
            ("type=bind,\"\"\"target=/a,b\"\"\"", .bind, "/a,b", true, ""),
        ] as [(String, RunMount.Kind, String, Bool, String)]
    )
    func `have what they leave open filled in`(
        options: String,
        kind: RunMount.Kind,
        target: String,
        isReadOnly: Bool,
        id: String
    ) throws {
        let options = options.contains("\"\"\"") ? "'type=bind,\"target=/a,b\"'" : options
        let mount = try mount(options)
        #expect(
            mount.kind == kind && mount.target == target && mount.isReadOnly == isReadOnly && mount.id == id,
            "\(mount)"
        )
    }

    @Test func `have modes, owners and sizes`() throws {
        #expect(try mount("type=cache,target=/t").mode == 0o755)
        #expect(try mount("type=secret,id=s").mode == 0o400)
        #expect(try mount("type=ssh").mode == 0o600)
        #expect(try mount("type=bind,target=/t").mode == nil)
        let cache = try mount("type=cache,target=/t,mode=0700,uid=1,gid=2,sharing=locked")
        #expect(cache.mode == 0o700 && cache.uid == 1 && cache.gid == 2 && cache.sharing == .locked)
        #expect(try mount("type=tmpfs,target=/t,size=64m").size == 64 << 20)
        #expect(try mount("type=secret,id=s,required").isRequired)
        #expect(try !mount("type=secret,id=s,required=false").isRequired)
        #expect(try mount("type=ssh,required=true").isRequired)
    }

    @Test func `know whose files they show`() throws {
        let graph = try graph(
            """
            FROM scratch AS base
            COPY f /
            FROM scratch
            RUN --mount=target=/c --mount=from=base,target=/b,source=/f --mount=from=img,target=/i --mount=type=cache,from=base,target=/k x
            """
        )
        let mounts = try graph.run(0).mounts
        #expect(
            mounts.map { $0.source.flatMap { graph[$0] }?.text }
                == ["the build context", "COPY f /f # buildkit", "FROM img", "COPY f /f # buildkit"].map {
                    $0.replacingRoot
                }
        )
        #expect(mounts[1].path == "/f")
    }

    @Test(arguments: [
        ("type=volume,target=/t", "`type=volume` of a mount is none of bind, cache, tmpfs, secret, ssh"),
        ("type=cahce,target=/t", "did you mean `cache`?"), ("target=/", "a mount cannot have the target `/`"),
        ("tagret=/t", "unexpected key `tagret` of a mount; did you mean `target`?"),
        ("target", "`target` of a mount has no value"),
        ("type=bind,target=/t,required", "a mount of type bind takes no `required`"),
        ("type=bind,target=/t,size=1", "takes no `size`"),
        ("type=tmpfs,target=/t,size=x", "`size=x` of a mount is no number of bytes"),
        ("type=cache,target=/t,sharing=some", "`sharing=some` of a mount is none of shared, private, locked"),
        ("type=bind,target=/t,sharing=shared", "takes no `sharing`"), ("type=bind,target=/t,mode=7", "takes no `mode`"),
        ("type=tmpfs,target=/t,uid=7", "takes no `uid`"),
        ("type=cache,target=/t,mode=9", "`mode=9` of a mount is no octal number"),
        ("type=cache,target=/t,uid=x", "`uid=x` of a mount is no number"),
        ("type=cache,target=/t,gid=-1", "`gid=-1` of a mount is no number"),
        ("type=secret", "needs an `id` or a `target`"),
        ("type=secret,id=a,source=b", "takes `id` or `source`, not both"),
        ("type=secret,id=a,from=b", "takes no `from`"), ("type=ssh,env=X", "takes no `env`"),
        ("target=/t,ro=maybe", "`ro=maybe` of a mount is neither true nor false"),
        ("target=/t,from=Bad", "`Bad` is not an image reference"),
        ("'target=/t,\"x'", "a quotation mark has no end"), ("target=/t,from=2", "there is no stage 2"),
        ("target=/t,from=1", "the stage `1` cannot be used here"),
        ("target=${x?no}", "the variable `x` is demanded: no"),
    ])
    func `that make no sense are refused`(options: String, reason: String) {
        let problems = lines(plan("FROM scratch\nFROM scratch\nRUN --mount=\(options) x").allProblems)
        #expect(problems.first?.hasPrefix("3:5 ") == true && problems.first?.contains(reason) == true, "\(problems)")
    }
}

extension String {
    /// The destination of a copy into the root is the root.
    fileprivate var replacingRoot: String { self == "COPY f /f # buildkit" ? "COPY f / # buildkit" : self }
}
