// SPDX-License-Identifier: Apache-2.0

import JSONTree
import TestSupport
import Testing

private let project = [
    "compose.yaml": """
    services:
      web:
        build: {context: web, args: {VERSION: "3"}, target: app}
        depends_on: [api]
      api:
        build: .
      inline:
        build:
          context: .
          dockerfile_inline: |
            FROM scratch
            COPY $$nothing /
      other: {image: busybox}
    """,
    "web/Dockerfile":
        "ARG VERSION=1\n# app is all\nFROM alpine:$VERSION AS app\nARG VERSION\nRUN --mount=type=secret,id=t,required x\n",
    "Dockerfile": "FROM scratch\nCMD run\n",
]

@Suite struct `Building` {
    @Test func `checks all Dockerfiles and tells what the rules find`() throws {
        let outcome = try Wharf(project).run("build", "--check")
        #expect(outcome.end == .exit(1), "\(outcome.errors)")
        #expect(
            outcome.output.contains("Dockerfile:2:1: warning: JSONArgsRecommended: JSON arguments recommended for CMD")
        )
        #expect(outcome.output.contains(" 2 | CMD run\n   | ^\n"))
        #expect(
            outcome.output.contains(
                "inline (dockerfile_inline):2:6: warning: UndefinedVar: Usage of undefined variable '$nothing'"
            )
        )
        #expect(outcome.output.hasSuffix("Check complete, 2 warnings have been found!\n"))
    }

    @Test func `checks the services that are named`() throws {
        let wharf = try Wharf(project)
        let one = try wharf.run("build", "--check", "web")
        #expect(one.end == .exit(0) && one.output == "Check complete, no warnings found.\n")
        let pattern = try wharf.run("build", "--call=check", "a*")
        #expect(pattern.end == .exit(1) && pattern.output.hasSuffix("1 warning has been found!\n"))
        #expect(try wharf.run("build", "--check", "--with-dependencies", "web").end == .exit(1))
        #expect(try wharf.run("build", "--check", "wbe").errors.contains("no such service: `wbe`; did you mean `web`?"))
        #expect(try wharf.run("build", "--check", "other").errors.contains("No services to build"))
    }

    @Test func `tells errors with their place and a near word`() throws {
        let wharf = try Wharf([
            "compose.yaml": "services: {a: {build: .}}\n",
            "Dockerfile": "FROM scratch\nCOYP a b\nRUN --mount=type=x y\n",
        ])
        let outcome = try wharf.run("build", "--check")
        #expect(outcome.end == .exit(1))
        #expect(
            outcome.output.contains(
                "Dockerfile:2:1: error: unknown instruction `COYP`\n 2 | COYP a b\n   | ^\n  help: did you mean `COPY`?\n"
            )
        )
        #expect(outcome.output.contains("Dockerfile:3:5: error: `type=x` of a mount"))
        #expect(outcome.output.hasSuffix("Check complete, 2 errors have been found!\n"))
        let other = try wharf.run("--diagnostics", "json", "build", "--check")
        #expect(other.output.contains("\"code\": \"dockerfile\""))
    }

    @Test func `looks for the Dockerfile where it is said to be`() throws {
        let wharf = try Wharf([
            "compose.yaml":
                "services: {a: {build: {context: c, dockerfile: ../d/File}}, b: {build: small}, c: {build: none}}\n",
            "d/File": "FROM scratch\n", "c/x": "", "small/dockerfile": "FROM scratch\n", "none/x": "",
        ])
        #expect(try wharf.run("build", "--check", "a", "b").end == .exit(0))
        let missing = try wharf.run("build", "--check")
        #expect(missing.end == .exit(1) && missing.errors.contains("none/Dockerfile`: no such file"))
    }

    @Test func `knows what the context leaves out`() throws {
        let text = "# check=experimental=all\nFROM scratch\nCOPY secret /\n"
        let wharf = try Wharf([
            "compose.yaml": "services: {a: {build: .}, b: {build: {dockerfile: Other}}}\n", "Dockerfile": text,
            "Other": text,
            ".dockerignore": "secret\n", "Other.dockerignore": "# nothing\n",
        ])
        #expect(try wharf.run("build", "--check", "a").output.contains("3:1: warning: CopyIgnoredFile"))
        #expect(try wharf.run("build", "--check", "b").end == .exit(0))
    }

    @Test func `has forms for programs`() throws {
        let wharf = try Wharf(project)
        let check = try JSON(Array(wharf.run("build", "--check", "--format", "json", "api").output.utf8))
        let warning = try #require(check.array?.first?["warnings"]?.array?.first)
        #expect(warning["ruleName"]?.string == "JSONArgsRecommended" && warning["location"]?["line"]?.integer == 2)
        #expect(warning["url"]?.string?.hasSuffix("/json-args-recommended/") == true)
        let outline = try JSON(Array(wharf.run("build", "--call=outline,format=json", "web").output.utf8)).array?.first
        #expect(outline?["name"]?.string == "app" && outline?["description"]?.string == "is all")
        #expect(outline?["args"]?.array?.first?["value"]?.string == "3")
        #expect(outline?["secrets"]?.array?.first?["required"]?.boolean == true)
        let targets = try JSON(Array(wharf.run("build", "--call=targets", "--format=json", "web").output.utf8))
        #expect(targets.array?.first?["targets"]?.array?.first?["base"]?.string == "alpine:3")
    }

    @Test func `shows what a build can be given and built to`() throws {
        let wharf = try Wharf(project)
        let outline = try wharf.run("build", "--call=outline", "--build-arg", "VERSION=4", "web").output
        #expect(
            outline
                == "TARGET:         app\nDESCRIPTION:    is all\n\nBUILD ARG    VALUE    DESCRIPTION\nVERSION      4        \n\nSECRET    REQUIRED\nt         true\n"
        )
        let targets = try wharf.run("build", "--call=targets", "web").output
        #expect(targets == "TARGET           BASE        DESCRIPTION\napp (default)    alpine:3    is all\n")
    }

    @Test func `prints what bake would be told`() throws {
        let bake = try JSON(Array(Wharf(project).run("-p", "p", "build", "--print", "web", "inline").output.utf8))
        #expect(bake["group"]?["default"]?["targets"] == ["inline", "web"])
        let web = bake["target"]?["web"]
        #expect(web?["target"] == "app" && web?["args"]?["VERSION"] == "3" && web?["tags"] == ["p-web"])
        #expect(bake["target"]?["inline"]?["dockerfile-inline"]?.string?.hasPrefix("FROM scratch") == true)
    }

    @Test func `tells what a folder is needed for`() throws {
        let outcome = try Wharf(project).run("build", "--tag", "x")
        #expect(outcome.end == .exit(64) && outcome.errors.contains("`--tag` is about the build of one folder"))
    }

    @Test func `is refused where its context is somewhere else`() throws {
        let wharf = try Wharf(["compose.yaml": "services: {a: {build: 'https://example.com/a.git'}}\n"])
        let outcome = try wharf.run("build", "--check")
        #expect(
            outcome.end == .exit(1)
                && outcome.errors.contains("the context `https://example.com/a.git` is not on this machine")
        )
    }
}
