// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Build

@Suite struct `Instructions` {
    @Test(arguments: [
        ("FROM a", "FROM a"), ("from a as B", "FROM a as b"),
        ("FROM --platform=linux/arm64 a:1 AS b-1_2.3", "FROM a:1 on linux/arm64 as b-1_2.3"),
        ("FROM a@sha256:0 As x", "FROM a@sha256:0 as x"), ("FROM   a\tAS\tb ", "FROM a as b"), ("FROM $X", "FROM $X"),
        ("FROM --platform=$BUILDPLATFORM a", "FROM a on $BUILDPLATFORM"),
        ("ARG a", "ARG a"), ("ARG a=1 b c=\"x y\" d=", "ARG a=1|b|c=\"x y\"|d="), ("ARG a='x y'", "ARG a='x y'"),
        ("ENV a=1", "ENV a=1"), ("ENV a=1 b=\"x y\" c='x y' d=x\\ y", "ENV a=1|b=\"x y\"|c='x y'|d=x\\ y"),
        ("ENV a=b=c", "ENV a=b=c"), ("ENV a=", "ENV a="), ("ENV a=\"\" b=1", "ENV a=\"\"|b=1"),
        ("ENV a b c", "ENV old a=b c"), ("ENV a  \"b  c\" ", "ENV old a=\"b  c\""), ("ENV a b=c", "ENV old a=b=c"),
        ("ENV a=\"x\\\"y\" b=1", "ENV a=\"x\\\"y\"|b=1"), ("ENV a='x\\' b=1", "ENV a='x\\'|b=1"),
        ("ENV \"a b\"=c", "ENV \"a b\"=c"), ("LABEL a=b \"c.d\"=\"e f\"", "LABEL a=b|\"c.d\"=\"e f\""),
        ("LABEL a b", "LABEL old a=b"),
        ("RUN a && b", "RUN sh: a && b"), ("RUN [\"a\", \"b c\"]", "RUN [\"a\", \"b c\"]"),
        ("RUN  [ \"a\" ] ", "RUN [\"a\"]"),
        // What is no JSON is for the shell.
        ("RUN [\"a\"", "RUN sh: [\"a\""), ("RUN ['a']", "RUN sh: ['a']"), ("RUN [a]", "RUN sh: [a]"),
        ("RUN [ -f x ] || y", "RUN sh: [ -f x ] || y"),
        ("RUN [\"a\"] && b", "RUN sh: [\"a\"] && b"), ("RUN {\"a\": 1}", "RUN sh: {\"a\": 1}"),
        ("RUN [\"a\",]", "RUN sh: [\"a\",]"),
        ("RUN [\"\\u0061\\n\"]", "RUN [\"a\\n\"]"), ("RUN \"a b\"", "RUN sh: \"a b\""),
        ("RUN --network=none a", "RUN sh: a, network none"),
        ("RUN --network=host --security=insecure a", "RUN sh: a, network host, security insecure"),
        ("RUN --network=default --security=sandbox a", "RUN sh: a"),
        ("RUN --device=x.com/y=z a", "RUN sh: a, device x.com/y=z"),
        ("RUN --mount=type=cache,target=/x a --b", "RUN sh: a --b, mount type=cache,target=/x"),
        ("RUN --mount=\"type=bind,target=/a b\" c", "RUN sh: c, mount type=bind,target=/a b"),
        (
            "RUN --mount=type=tmpfs,target=/x --mount=type=ssh [\"a\"]",
            "RUN [\"a\"], mount type=tmpfs,target=/x, mount type=ssh"
        ),
        ("RUN -- --a", "RUN sh: --a"), ("RUN a --network=none", "RUN sh: a --network=none"),
        ("RUN --network='none' a", "RUN sh: a, network none"),
        ("RUN \\\n  --network=none \\\n  a", "RUN sh: a, network none"),
        ("COPY a b", "COPY a > b"), ("COPY a b c/", "COPY a|b > c/"), ("COPY [\"a b\", \"c\"]", "COPY a b > c"),
        ("COPY \"a b\" c", "COPY \"a|b\" > c"),
        ("COPY --from=x --chown=1:2 --chmod=0755 --link a b", "COPY a > b, from x, owner 1:2, mode 0755, link"),
        (
            "COPY --chmod=u=rwX,go=rX --parents --exclude=*.md --exclude=x a b",
            "COPY a > b, mode u=rwX,go=rX, parents, without *.md|x"
        ),
        ("COPY --link=false --parents=true a b", "COPY a > b, parents"), ("COPY --link=TRUE a b", "COPY a > b, link"),
        ("COPY --chmod=$M a b", "COPY a > b, mode $M"),
        ("COPY --chown=\"a b\" c d", "COPY c > d, owner a b"), ("COPY --exclude=a\\ b c d", "COPY c > d, without a b"),
        ("ADD a b", "ADD a > b"), ("ADD --checksum=sha256:0 https://x/y /", "ADD https://x/y > /, checksum sha256:0"),
        ("ADD --keep-git-dir https://x/y.git /", "ADD https://x/y.git > /, git"),
        ("ADD --keep-git-dir=false --unpack a /", "ADD a > /, unpack true"),
        ("ADD --unpack=false a /", "ADD a > /, unpack false"), ("ADD --link --chown=u a /", "ADD a > /, owner u, link"),
        ("CMD a", "CMD sh: a"), ("CMD [\"a\"]", "CMD [\"a\"]"), ("CMD []", "CMD []"), ("CMD [ ]", "CMD []"),
        ("CMD exec \"$0\" --x", "CMD sh: exec \"$0\" --x"),
        ("ENTRYPOINT [\"a\", \"-b\"]", "ENTRYPOINT [\"a\", \"-b\"]"), ("ENTRYPOINT a -b", "ENTRYPOINT sh: a -b"),
        ("SHELL [\"bash\", \"-c\"]", "SHELL [\"bash\", \"-c\"]"), ("EXPOSE 80 443/tcp", "EXPOSE 80|443/tcp"),
        ("EXPOSE $P", "EXPOSE $P"),
        ("VOLUME /a /b", "VOLUME /a|/b"), ("VOLUME [\"/a\", \"/b c\"]", "VOLUME /a|/b c"), ("USER a:b", "USER a:b"),
        ("USER ${U:-a b}", "USER ${U:-a b}"),
        ("WORKDIR /a b", "WORKDIR /a b"), ("STOPSIGNAL SIGQUIT", "STOPSIGNAL SIGQUIT"),
        ("MAINTAINER A B <c>", "MAINTAINER A B <c>"),
        ("HEALTHCHECK NONE", "HEALTHCHECK [\"NONE\"]"), ("HEALTHCHECK none", "HEALTHCHECK [\"NONE\"]"),
        ("HEALTHCHECK CMD a b", "HEALTHCHECK [\"CMD-SHELL\", \"a b\"]"),
        ("HEALTHCHECK cmd [\"a\", \"b\"]", "HEALTHCHECK [\"CMD\", \"a\", \"b\"]"),
        ("HEALTHCHECK --interval=5s --retries=0 CMD a", "HEALTHCHECK [\"CMD-SHELL\", \"a\"]"),
        ("ONBUILD RUN a", "ONBUILD RUN: RUN a"), ("onbuild copy --from=x a b", "ONBUILD COPY: copy --from=x a b"),
        ("ONBUILD   ENV a=1", "ONBUILD ENV: ENV a=1"),
        ("ONBUILD RUN <<E\na\nE", "ONBUILD RUN: RUN <<E\na\nE"), ("ONBUILD EXPOSE 80", "ONBUILD EXPOSE: EXPOSE 80"),
    ])
    func `are read in all their forms`(line: String, summary: String) throws {
        let file = dockerfile(line.lowercased().hasPrefix("from") ? line : "FROM x\n" + line)
        #expect(file.problems.isEmpty, "\(file.problems)")
        #expect(try #require(file.instructions.last).summary == summary)
    }

    @Test(arguments: [
        ("FORM a", "1:1 unknown instruction `FORM`; did you mean `FROM`?"),
        ("FROM x\nCOYP a b", "2:1 unknown instruction `COYP`; did you mean `COPY`?"),
        ("FROM x\n  zzz", "2:3 unknown instruction `zzz`"), ("FROM x\nENVIRONMENT a=b", "2:1 unknown instruction"),
        ("FROM x\nLABEL  ", "2:1 LABEL requires an argument"), ("FROM x\nENV", "2:1 ENV requires an argument"),
        ("FROM", "1:1 FROM requires an argument"),
        ("FROM x\nWORKDIR", "2:1 WORKDIR requires"), ("FROM x\nUSER", "2:1 USER requires"),
        ("FROM x\nEXPOSE", "2:1 EXPOSE requires"),
        ("FROM a b", "1:6 FROM is `FROM image`"), ("FROM a AS", "1:6 FROM is"), ("FROM a AS b c", "1:6 FROM is"),
        ("FROM a IS b", "1:6 FROM is"),
        ("FROM a AS 1b", "1:11 `1b` cannot be the name of a stage"), ("FROM a AS b/c", "1:11 `b/c` cannot be"),
        ("FROM a AS -b", "1:11 `-b` cannot"), ("FROM a AS $b", "1:11 `$b` cannot"),
        ("FROM a AS ä", "1:11 `ä` cannot"),
        ("FROM --platfrom=x a", "1:6 Unknown flag: `--platfrom` is no flag of FROM; did you mean `--platform`?"),
        ("FROM --platform a", "1:6 the flag `--platform` of FROM has no value"),
        ("FROM x\nCOPY --form=y a b", "2:6 Unknown flag: `--form` is no flag of COPY; did you mean `--from`?"),
        ("FROM x\nENV --a=b c=d", "2:5 Unknown flag: `--a` is no flag of ENV; ENV takes no flags"),
        ("FROM x\nCOPY --zzzzzzzzz a b", "2:6 Unknown flag: `--zzzzzzzzz` is no flag of COPY; it takes `--chmod`"),
        ("FROM x\nCOPY --checksum=x a b", "2:6 Unknown flag: `--checksum`"),
        ("FROM x\nADD --from=y a b", "2:5 Unknown flag: `--from`"),
        ("FROM x\nADD --parents a b", "2:5 Unknown flag: `--parents`"),
        ("FROM x\nCMD --x y", "2:5 Unknown flag: `--x` is no flag of CMD"),
        ("FROM x\nCOPY --link=yes a b", "2:6 `--link=yes` of COPY is neither true nor false"),
        ("FROM x\nCOPY --link= a b", "2:6 `--link=` of COPY is neither"),
        ("FROM x\nCOPY --chown a b", "2:6 the flag `--chown` of COPY has no value"),
        ("FROM x\nCOPY --chown=a --chown=b c d", "2:16 the flag `--chown` is there twice"),
        ("FROM x\nCOPY --link --link c d", "2:13 the flag `--link` is there twice"),
        ("FROM x\nRUN --network=bridge a", "2:5 `--network=bridge` of RUN is none of default, none, host"),
        (
            "FROM x\nRUN --network=hots a",
            "2:5 `--network=hots` of RUN is none of default, none, host; did you mean `host`?"
        ), ("FROM x\nRUN --security=root a", "2:5 `--security=root` of RUN is none of sandbox, insecure"),
        ("FROM x\nRUN []", "2:5 RUN has no program"),
        ("FROM x\nRUN [\"a\", 1]", "2:5 a list in JSON form has something other than texts"),
        ("FROM x\nCMD [\"a\", [\"b\"]]", "2:5 a list in JSON form"),
        ("FROM x\nCMD [null]", "2:5 a list in JSON form"), ("FROM x\nENTRYPOINT [true]", "2:12 a list in JSON form"),
        ("FROM x\nCOPY [1, \"b\"]", "2:6 a list in JSON form"),
        ("FROM x\nCOPY a", "2:6 COPY requires at least two arguments"),
        ("FROM x\nCOPY [\"a\"]", "2:6 COPY requires at least two"), ("FROM x\nADD a", "2:5 ADD requires at least two"),
        ("FROM x\nCOPY --from= a b", "2:6 `--from` of COPY is empty"),
        ("FROM x\nCOPY --chmod=99 a b", "2:6 `--chmod=99` is no mode"),
        ("FROM x\nCOPY --chmod=u+z a b", "2:6 `--chmod=u+z` is no mode"),
        ("FROM x\nCOPY --chmod=17777 a b", "2:6 `--chmod=17777` is no mode"),
        ("FROM x\nCOPY --chmod=u+x, a b", "2:6 `--chmod=u+x,` is no mode"),
        ("FROM x\nENV a", "2:5 `a` has no value; write `a=value`"),
        ("FROM x\nENV a=1 b", "2:9 `b` is not of the form name=value"),
        ("FROM x\nENV =1", "2:5 the name in `=1` is empty"), ("FROM x\nLABEL a=1 b", "2:11 `b` is not of the form"),
        ("FROM x\nARG =1", "2:5 the name in `=1` is empty"),
        ("FROM x\nSHELL bash", "2:7 SHELL wants a list in JSON form"),
        ("FROM x\nSHELL []", "2:7 the list of SHELL is empty"), ("FROM x\nSHELL [\"a\"", "2:7 SHELL wants"),
        ("FROM x\nVOLUME []", "2:1 VOLUME requires an argument"), ("FROM x\nHEALTHCHECK", "2:1 HEALTHCHECK requires"),
        ("FROM x\nHEALTHCHECK CMD", "2:13 Missing command after HEALTHCHECK CMD"),
        ("FROM x\nHEALTHCHECK CMD []", "2:13 Missing command"),
        ("FROM x\nHEALTHCHECK NONE x", "2:18 HEALTHCHECK NONE takes no arguments"),
        ("FROM x\nHEALTHCHECK CURL x", "2:13 Unknown type \"CURL\" in HEALTHCHECK (try CMD)"),
        ("FROM x\nHEALTHCHECK --interval=1 CMD a", "2:13 `--interval=1`: write a time"),
        ("FROM x\nHEALTHCHECK --timeout=1us CMD a", "2:13 `--timeout=1us`: write a time"),
        ("FROM x\nHEALTHCHECK --timeout=1d CMD a", "2:13 `--timeout=1d`: write a time"),
        ("FROM x\nHEALTHCHECK --start-period=-1s CMD a", "2:13 `--start-period=-1s`"),
        ("FROM x\nHEALTHCHECK --retries=-1 CMD a", "2:13 `--retries=-1`: the number of retries"),
        ("FROM x\nHEALTHCHECK --retries=x CMD a", "2:13 `--retries=x`"),
        (
            "FROM x\nHEALTHCHECK --start-intervall=1s CMD a",
            "2:13 Unknown flag: `--start-intervall` is no flag of HEALTHCHECK; did you mean `--start-interval`?"
        ),
        ("FROM x\nONBUILD ONBUILD RUN a", "2:9 Chaining ONBUILD"),
        ("FROM x\nONBUILD FROM a", "2:9 FROM isn't allowed as an ONBUILD trigger"),
        ("FROM x\nONBUILD maintainer a", "2:9 MAINTAINER isn't allowed"),
        ("FROM x\nONBUILD RNU a", "2:9 unknown instruction `RNU` behind ONBUILD; did you mean `RUN`?"),
        ("FROM x\nONBUILD COPY a", "2:14 COPY requires at least two"),
        ("FROM x\nONBUILD ENV", "2:9 ENV requires an argument"), ("FROM x\nONBUILD", "2:1 ONBUILD requires"),
        ("RUN a", "1:1 RUN stands before the first FROM"), ("ENV a=b\nFROM x", "1:1 ENV stands before the first FROM"),
        ("", "- the Dockerfile has no instructions"), ("# only\n\n", "- the Dockerfile has no instructions"),
        ("ARG a", "- the Dockerfile has no FROM"),
        ("FROM a\0b", "1:1 there is a NUL"), ("FROM a\nRUN \0", "2:1 there is a NUL"),
    ])
    func `that are wrong are told with their place`(text: String, message: String) {
        let problems = lines(dockerfile(text).problems)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
    }

    @Test func `that are wrong are all told at once`() {
        let problems = dockerfile("FROM a b\nUSER\nFROM x\nCOYP a b\nUSER x\nENV a").problems
        #expect(problems.map { text($0.place) } == ["1:6", "2:1", "4:1", "6:5"])
    }

    @Test(
        arguments: [
            ("755", .octal(0o755)), ("0644", .octal(0o644)), ("7777", .octal(0o7777)),
            ("u+x", .symbolic([FileMode.Change(who: "u", operation: "+", permissions: "x")])),
            (
                "a=r,go-wX",
                .symbolic([
                    .init(who: "", operation: "=", permissions: "r"),
                    .init(who: "go", operation: "-", permissions: "wX"),
                ])
            ),
            (
                "g=u+s",
                .symbolic([
                    .init(who: "g", operation: "=", permissions: "u"),
                    .init(who: "g", operation: "+", permissions: "s"),
                ])
            ),
            ("+t", .symbolic([.init(who: "", operation: "+", permissions: "t")])),
            ("u=", .symbolic([.init(who: "u", operation: "=", permissions: "")])),
            ("", nil), ("8", nil), ("10000", nil), ("x", nil), ("u", nil), ("u+q", nil), ("u+x go", nil), (",", nil),
            ("0o755", nil),
        ] as [(String, FileMode?)]
    )
    func `of modes are octal or symbolic`(text: String, mode: FileMode?) { #expect(FileMode(text) == mode) }
}
