// SPDX-License-Identifier: Apache-2.0

import Build
import Patterns

/// What the fuzzer of Dockerfiles starts from, and the words that mean something in them.
enum Dockerfiles {
    static let files = [
        """
        # syntax=docker/dockerfile:1
        # check=experimental=all
        ARG VERSION=3 BASE=alpine:$VERSION
        # build makes it
        FROM --platform=$BUILDPLATFORM ${BASE:-scratch} AS build
        ARG VERSION TARGETARCH
        WORKDIR /src
        COPY --link --chown=1000:1000 --chmod=u=rwX,go=rX go.* ./
        RUN --mount=type=cache,target=/root/.cache,sharing=locked --mount=type=secret,id=t,env=T --network=none \\
            # a comment

            make "$VERSION" && echo ${VERSION##*.}
        FROM scratch
        COPY --from=build /src/out /bin/
        ADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 https://example.com/a.tar /a/
        ENV A=1 B="x $A" C='$A' D=${A/1/2} E=${B%% *}
        ENV OLD form
        LABEL "a b"=c d=e
        EXPOSE 80 53/udp $A-9
        VOLUME ["/data", "/x y"]
        USER ${U:-1:1}
        STOPSIGNAL SIGTERM
        HEALTHCHECK --interval=30s --retries=3 CMD ["true"]
        ONBUILD RUN echo hi
        SHELL ["/bin/bash", "-c"]
        ENTRYPOINT ["/bin/a"]
        CMD run it

        """,
        """
        # escape=`
        FROM a AS one
        RUN <<EOF cat >x `
          more
        one $two
        EOF
        COPY <<-'A' <<B /dir/
        \ta
        \tA
        b ${C:-d}
        B
        FROM one
        RUN --mount=from=one,target=/m --mount=type=bind,source=s,target=/s,rw --mount=type=ssh --mount=type=tmpfs,target=/t,size=1m x
        MAINTAINER me

        """,
        "FROM scratch AS a\nONBUILD COPY --parents ./x/./y /\nFROM a\nADD git@example.com:a/b.git#v1:sub /g/\nFROM 0\nCOPY --from=0 a b\n",
    ]

    static let ignoreFile = "# all\n**\n!src/**/*.go\n*.md\n!README.md\nnode_modules\n/out/\n[a-c]?x\n\\!y\n"

    static let tokens =
        [
            " ", "\n", "\\\n", "`\n", "\r\n", "\t", "#", "# ", "'", "\"", "$", "${", "}", "$a", "${a}", "${a:-",
            "${a:+b}", "${a:?b}", "${a#*/}",
            "${a%%.*}", "${a/b/c}", "${a//b/}", "\\", "\\\\", "<<E", "<<-E", "<<'E'", "<<E\nx\nE\n", "E\n", "[", "]",
            "[\"a\", \"b\"]", "[]", "{}", ",", "=",
            "--", "--from=", "--mount=", "--mount=type=", "--chmod=", "--link", "--exclude=", "--platform=", "\u{FEFF}",
            "\0", "é", "\u{85}", "!", "**", "*", "?", "[^a]", "../",
        ] + keywords.map { $0 + " " } + keywords.map { "\n" + $0 + " " }

    static let words =
        keywords + [
            "a", "build", "0", "1", "-1", "scratch", "context", "AS", "type", "bind", "cache", "tmpfs", "secret", "ssh",
            "target", "from", "source", "id", "env", "required", "size", "1m", "mode", "0755", "999999999999",
            "linux/amd64", "80", "1-65535", "80:80/TCP",
            "NONE", "CMD", "SIGKILL", "/", "//", "..", "./", "http://x/y", "https://x/y.git", "sha256:0",
            "check=error=true", "escape=`", "syntax=x", "TARGETPLATFORM", "PATH", "VERSION",
        ]

    private static let keywords = Keyword.allCases.map(\.rawValue)

    /// Does with a Dockerfile what the commands do.
    static func load(_ set: FileSet, flags: UInt64) -> Target.Verdict {
        let bytes = set.files.first { $0.name == "Dockerfile" }?.bytes ?? []
        var request = BuildRequest()
        if flags & 1 != 0 { request.arguments = ["VERSION": "$A", "U": "x", "HTTP_PROXY": "p"] }
        if flags & 2 != 0 { request.target = "build" }
        if flags & 4 != 0 { request.contexts = ["build": .folder("/x"), "alpine": .image("y")] }
        request.ignored = ignored(set)
        let plan = Planner.plan(Dockerfile(bytes), request)
        var text = ""
        for problem in plan.allProblems {
            text += "\(problem.place.map { "\($0.line):\($0.column)" } ?? "-") \(problem)\n"
        }
        for finding in plan.findings { text += "\(finding.place.line):\(finding.place.column) \(finding.message)\n" }
        let lineCount = bytes.count { $0 == UInt8(ascii: "\n") } + 1
        for place in plan.allProblems.compactMap(\.place) + plan.findings.map(\.place) {
            precondition((1...lineCount).contains(place.line) && place.column > 0, "a place is in the file")
        }
        for step in plan.steps {
            precondition(step.dependencies.allSatisfy { $0 < step.id }, "no step waits for a later one")
        }
        guard let graph = try? plan.graph() else { return Target.Verdict(accepted: false, diagnostics: text) }
        let keys = graph.cacheKeys(hash: { "\($0.count)" }, digest: { $0.path })
        precondition(graph.layers.joined().allSatisfy { keys[$0] != nil }, "each step has a key")
        _ = plan.parameters
        return Target.Verdict(accepted: plan.allProblems.isEmpty, diagnostics: text)
    }

    private static func ignored(_ set: FileSet) -> PathPatterns? {
        guard let file = set.files.first(where: { $0.name == ".dockerignore" }),
            let patterns = try? PathPatterns(file: String(decoding: file.bytes, as: UTF8.self))
        else { return nil }
        for folder in ["src", "src/a", "node_modules", "out", "bax", "!y"] {
            let isWhole = patterns.matches(folder) && patterns.matchesAll(below: Array(folder.unicodeScalars))
            for file in ["/x.go", "/README.md", "/a/b/c"] where isWhole {
                precondition(patterns.matches(folder + file), "what nobody looks into is left out")
            }
        }
        return patterns
    }
}
