// SPDX-License-Identifier: Apache-2.0

import OCI
import Patterns
import Testing

@testable import Build

@Suite struct `Rules` {
    typealias Row = (String, [String])

    private static let casing: [Row] = [
        ("FROM scratch\nRUN x", []), ("from scratch\nrun x", []),
        ("FROM scratch\nrun x\nRUN y", ["ConsistentInstructionCasing 2:1"]),
        ("from scratch\nRUN x\nrun y", ["ConsistentInstructionCasing 2:1"]),
        ("FROM scratch\nRun x", ["ConsistentInstructionCasing 2:1"]),
        ("from scratch\nRUN x", ["ConsistentInstructionCasing 1:1"]),
        ("FROM scratch\nEnv a=b\nLabel c=d", ["ConsistentInstructionCasing 2:1", "ConsistentInstructionCasing 3:1"]),
        ("arg a\nFROM scratch", []), ("FROM scratch AS a", []), ("from scratch as a", []),
        ("FROM scratch as a", ["FromAsCasing 1:14"]),
        ("from scratch AS a", ["FromAsCasing 1:14"]), ("FROM scratch As a", ["FromAsCasing 1:14"]),
        ("FROM scratch AS Base", ["StageNameCasing 1:17"]),
    ]

    private static let names: [Row] = [
        ("FROM scratch AS a\nFROM scratch AS a", ["DuplicateStageName 2:17"]),
        ("FROM scratch AS a\nFROM scratch AS A", ["DuplicateStageName 2:17", "StageNameCasing 2:17"]),
        ("FROM scratch AS scratch", ["ReservedStageName 1:17"]),
        ("FROM scratch AS context", ["ReservedStageName 1:17"]), ("FROM scratch AS contexts", []),
        ("FROM scratch AS a\nFROM scratch AS b", []), ("FROM scratch\nMAINTAINER me", ["MaintainerDeprecated 2:1"]),
    ]

    private static let forms: [Row] = [
        ("FROM scratch\nENV a b", ["LegacyKeyValueFormat 2:1"]),
        ("FROM scratch\nLABEL a b", ["LegacyKeyValueFormat 2:1"]), ("FROM scratch\nENV a=b", []),
        ("FROM scratch\nRUN a \\\n\n  b", ["NoEmptyContinuation 3:1"]),
        ("FROM scratch\nRUN a \\\n  \n\n  b", ["NoEmptyContinuation 3:1"]), ("FROM scratch\nRUN a \\\n# c\n  b", []),
        ("FROM scratch\nRUN <<E\n\nE", []), ("FROM scratch\nCMD a", ["JSONArgsRecommended 2:1"]),
        ("FROM scratch\nENTRYPOINT a", ["JSONArgsRecommended 2:1"]),
        ("FROM scratch\nCMD [\"a\"]", []), ("FROM scratch\nRUN a", []), ("FROM scratch\nSHELL [\"b\"]\nCMD a", []),
        ("FROM scratch\nCMD a\nSHELL [\"b\"]", ["JSONArgsRecommended 2:1"]),
        ("FROM scratch\nHEALTHCHECK CMD a", []), ("FROM scratch AS s\nSHELL [\"b\"]\nFROM s\nCMD a", []),
    ]

    private static let repeated: [Row] = [
        ("FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]", ["MultipleInstructionsDisallowed 2:1"]),
        (
            "FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]\nCMD [\"c\"]",
            ["MultipleInstructionsDisallowed 2:1", "MultipleInstructionsDisallowed 3:1"]
        ),
        ("FROM scratch\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]", ["MultipleInstructionsDisallowed 2:1"]),
        ("FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK NONE", ["MultipleInstructionsDisallowed 2:1"]),
        ("FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"b\"]", []),
        ("FROM scratch AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]", []), ("FROM scratch\nUSER a\nUSER b", []),
    ]

    private static let secrets: [Row] = [
        ("FROM scratch\nARG TOKEN", ["SecretsUsedInArgOrEnv 2:5"]),
        ("FROM scratch\nENV API_KEY=x", ["SecretsUsedInArgOrEnv 2:5"]),
        ("FROM scratch\nENV a=1 DB_PASSWORD=x", ["SecretsUsedInArgOrEnv 2:9"]),
        ("ARG git_auth\nFROM scratch", ["SecretsUsedInArgOrEnv 1:5"]),
        ("FROM scratch\nARG apikey=1 passwd=2", ["SecretsUsedInArgOrEnv 2:5", "SecretsUsedInArgOrEnv 2:14"]),
        ("FROM scratch\nENV PUBLIC_KEY=x PASSWORD_FILE=y TOKEN_VERSION=z", []),
        ("FROM scratch\nENV KEYBOARD=x MONKEY=y TOKENS=z AUTHOR=w", []),
        ("FROM scratch\nARG my_SECRET_thing", ["SecretsUsedInArgOrEnv 2:5"]),
        ("FROM scratch\nLABEL key=x", []),
        ("FROM scratch\nENV CREDENTIALS=x PWORD=y", ["SecretsUsedInArgOrEnv 2:5", "SecretsUsedInArgOrEnv 2:19"]),
    ]

    private static let variables: [Row] = [
        ("FROM scratch\nCOPY $foo /", ["UndefinedVar 2:6"]), ("FROM scratch\nARG foo\nCOPY $foo /", []),
        ("FROM scratch\nENV foo=1\nCOPY $foo /", []), ("FROM scratch\nCOPY ${foo:-x} /", ["UndefinedVar 2:6"]),
        ("FROM scratch\nRUN echo $foo", []), ("FROM scratch\nCMD [\"$foo\"]", []),
        ("FROM scratch\nENV a=$b", ["UndefinedVar 2:5"]), ("FROM scratch\nENV a=1 b=$a", ["UndefinedVar 2:9"]),
        ("FROM scratch\nARG a=1 b=$a", []), ("FROM scratch\nARG a=$b", ["UndefinedVar 2:5"]),
        ("FROM scratch\nUSER $u", ["UndefinedVar 2:6"]), ("FROM scratch\nLABEL a=$b", ["UndefinedVar 2:7"]),
        ("FROM scratch\nWORKDIR /$b", ["UndefinedVar 2:9"]), ("FROM scratch\nVOLUME /$b", ["UndefinedVar 2:8"]),
        ("FROM scratch\nENV P=$PATH", []),
        ("ARG v=1\nFROM scratch\nENV a=$v", ["UndefinedVar 3:5"]), ("FROM scratch AS s\nARG v=1\nFROM s\nENV a=$v", []),
        ("FROM scratch\nRUN --mount=type=cache,target=/$x y", ["UndefinedVar 2:5"]),
        ("FROM scratch\nCOPY <<E /d\n$x\nE", ["UndefinedVar 2:6"]), ("FROM scratch\nCOPY <<'E' /d\n$x\nE", []),
        ("FROM scratch\nENV a='$x' b=\\$y", []), ("FROM scratch\nENV a=$x c=$x", ["UndefinedVar 2:5"]),
        // What an image has that nobody knows may be there, unless it looks like a slip.
        ("FROM alpine\nCOPY $foo /", ["UndefinedVar 2:6"]), ("FROM golang\nWORKDIR $GOPATH/src", []),
        ("FROM alpine\nARG VERSION=1\nENV V=$VERSOIN", ["UndefinedVar 3:5"]),
        ("FROM scratch\nWORKDIR /$GOPATH", ["UndefinedVar 2:9"]),
    ]

    private static let bases: [Row] = [
        ("FROM a:$v", ["InvalidDefaultArgInFrom 1:6", "UndefinedArgInFrom 1:6"]), ("ARG v=1\nFROM a:$v", []),
        ("FROM a${v:-b}", ["UndefinedArgInFrom 1:6"]), ("ARG v\nFROM a:$v", ["InvalidDefaultArgInFrom 2:6"]),
        ("ARG v\nFROM ${v:-a}", []),
        ("FROM --platform=linux/amd64 a", ["FromPlatformFlagConstDisallowed 1:6"]),
        ("FROM --platform=linux/amd64 a AS a-amd64", []), ("FROM --platform=linux/amd64 a AS for-linux", []),
        ("FROM --platform=linux/amd64 a AS x", ["FromPlatformFlagConstDisallowed 1:6"]),
        ("FROM --platform=$BUILDPLATFORM a", []),
        ("FROM --platform=$TARGETPLATFORM a", ["RedundantTargetPlatform 1:6"]),
        ("FROM --platform=${TARGETPLATFORM} a", ["RedundantTargetPlatform 1:6"]),
        ("FROM --platform=linux/$TARGETARCH a", []), ("FROM --platform=$TARGETOS/$TARGETARCH a", []),
        ("ARG p=linux/amd64\nFROM --platform=$p a", []),
        ("FROM --platform=${p:-linux/arm64} a", ["UndefinedArgInFrom 1:6"]),
        ("ARG BASE=Bad\nFROM $BASE", ["InvalidDefaultArgInFrom 2:6"]),
    ]

    private static let ports: [Row] = [
        ("FROM scratch\nEXPOSE 80/TCP", ["ExposeProtoCasing 2:8"]),
        ("FROM scratch\nEXPOSE 80/tcp 53/Udp", ["ExposeProtoCasing 2:15"]),
        ("FROM scratch\nEXPOSE 127.0.0.1:80:80", ["ExposeInvalidFormat 2:8"]),
        ("FROM scratch\nEXPOSE 80:80", ["ExposeInvalidFormat 2:8"]),
        ("FROM scratch\nEXPOSE 80-90/sctp", []),
        ("FROM scratch\nENV p=1:2/TCP\nEXPOSE $p", ["ExposeInvalidFormat 3:8", "ExposeProtoCasing 3:8"]),
        ("FROM scratch\nWORKDIR a", ["WorkdirRelativePath 2:9"]), ("FROM scratch\nWORKDIR /a\nWORKDIR b", []),
        ("FROM scratch\nWORKDIR a\nWORKDIR b", ["WorkdirRelativePath 2:9"]),
        ("FROM scratch AS s\nWORKDIR /a\nFROM s\nWORKDIR b", []),
        ("FROM scratch AS s\nFROM s\nWORKDIR b", ["WorkdirRelativePath 3:9"]),
        ("FROM scratch\nARG d=/x\nWORKDIR $d/y", []),
    ]

    @Test(arguments: casing + names + forms + repeated + secrets)
    func `find what they are for`(text: String, expected: [String]) { #expect(found(plan(text)) == expected) }

    @Test(arguments: variables + bases + ports)
    func `find what variables come to`(text: String, expected: [String]) { #expect(found(plan(text)) == expected) }

    @Test(arguments: [
        ("FROM scratch\nrun x\nRUN y", "Command 'run' should match the case of the command majority (uppercase)"),
        ("from scratch\nRun x", "Command 'Run' should match the case of the command majority (lowercase)"),
        ("FROM scratch as a", "'as' and 'FROM' keywords' casing do not match"),
        ("FROM scratch AS B", "Stage name 'B' should be lowercase"),
        ("FROM scratch AS a\nFROM scratch AS a", "Duplicate stage name \"a\", stage names should be unique"),
        ("FROM scratch AS scratch", "Stage name should not use the same name as reserved stage \"scratch\""),
        ("FROM scratch\nENV a b", "\"ENV key=value\" should be used instead of legacy \"ENV key value\" format"),
        ("FROM scratch\nRUN a \\\n\n b", "Empty continuation line"),
        ("FROM scratch\nMAINTAINER a", "Maintainer instruction is deprecated in favor of using label"),
        (
            "FROM scratch\nCMD a",
            "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals"
        ),
        (
            "FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]",
            "Multiple CMD instructions should not be used in the same stage because only the last one will be used"
        ),
        ("FROM scratch\nARG TOKEN", "Do not use ARG or ENV instructions for sensitive data (ARG \"TOKEN\")"),
        ("FROM scratch\nCOPY $foo /", "Usage of undefined variable '$foo'"),
        (
            "FROM scratch\nARG version\nENV version=1\nCOPY $verison /",
            "Usage of undefined variable '$verison' (did you mean $version?)"
        ),
        ("FROM a${v:-b}", "FROM argument 'v' is not declared"),
        ("ARG version=1\nFROM a:${verison:-b}", "FROM argument 'verison' is not declared (did you mean version?)"),
        ("FROM --platform=linux/amd64 a", "FROM --platform flag should not use constant value \"linux/amd64\""),
        (
            "FROM --platform=$TARGETPLATFORM a",
            "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior"
        ), ("ARG v\nFROM a:$v", "Default value for ARG a:$v results in empty or invalid base image name"),
        ("FROM scratch\nEXPOSE 80/TCP", "Defined protocol '80/TCP' in EXPOSE instruction should be lowercase"),
        (
            "FROM scratch\nEXPOSE 80:80",
            "EXPOSE instruction should not define an IP address or host-port mapping, found '80:80'"
        ), ("FROM scratch\nWORKDIR a", "Relative workdir \"a\" can have unexpected results if the base image changes"),
    ])
    func `say it in Docker's words`(text: String, message: String) {
        #expect(plan(text).findings.map(\.message).contains(message), "\(plan(text).findings)")
    }

    @Test(
        arguments: [
            ("# a stage\nFROM scratch AS base", ["InvalidDefinitionDescription 3:1"]),
            ("# base is it\nFROM scratch AS base", []), ("# a stage\n\nFROM scratch AS base", []),
            ("FROM scratch\n# an argument\nARG v", ["InvalidDefinitionDescription 4:1"]),
            ("FROM scratch\n# v is it\nARG v", []),
            ("# anything\nFROM scratch", []), ("FROM scratch AS base\n# anything\nRUN x", []),
            ("# one\n# base is it\nFROM scratch AS base", []),
        ] as [(String, [String])]
    )
    func `about descriptions are used where they are asked for`(text: String, expected: [String]) {
        #expect(found(plan("# check=experimental=all\n" + text)) == expected)
        #expect(found(plan(text)).isEmpty)
    }

    @Test(
        arguments: [
            (["x"], "COPY x /", ["CopyIgnoredFile 3:1"]), (["x"], "COPY y /", []),
            (["d"], "COPY d/e/f /", ["CopyIgnoredFile 3:1"]), (["*.md"], "ADD a.md /", ["CopyIgnoredFile 3:1"]),
            (["*", "!x"], "COPY y /", []), (["x"], "COPY . /", []),
            (["x"], "COPY --from=scratch x /", []), (["x"], "ADD https://h/x /", []),
            (["x"], "COPY ./a/../x /", ["CopyIgnoredFile 3:1"]), ([], "COPY x /", []),
        ] as [([String], String, [String])]
    )
    func `about files that are left out are used where they are asked for`(
        patterns: [String],
        line: String,
        expected: [String]
    ) throws {
        let ignored = try PathPatterns(patterns)
        let plan = plan("# check=experimental=CopyIgnoredFile\nFROM scratch\n" + line) { $0.ignored = ignored }
        #expect(found(plan) == expected)
    }

    @Test func `look at the platform of a base that is known`() {
        let image = ImageConfig(platform: Platform(architecture: "arm64"), diffIDs: [])
        let plan = plan("FROM base") { $0.baseConfigs = ["docker.io/library/base:latest": image] }
        #expect(
            plan.findings.map(\.message) == [
                "Base image base was pulled with platform \"linux/arm64/v8\", expected \"linux/amd64\" for current build"
            ]
        )
        #expect(found(plan) == ["InvalidBaseImagePlatform 1:6"])
    }

    @Test(
        arguments: [
            ("skip=all", []), ("skip=StageNameCasing", ["FromAsCasing 2:14"]),
            ("skip=StageNameCasing,FromAsCasing", []), ("skip=StageNameCasing , FromAsCasing;error=false", []),
            ("skip=Other", ["FromAsCasing 2:14", "StageNameCasing 2:17"]),
            ("error=true", ["FromAsCasing 2:14", "StageNameCasing 2:17"]),
        ] as [(String, [String])]
    )
    func `are switched off by the file`(options: String, expected: [String]) {
        #expect(found(plan("# check=\(options)\nFROM scratch as B")) == expected)
    }

    @Test func `make a build fail where the file says so`() throws {
        let text = "FROM scratch AS B"
        #expect(try plan(text).graph().steps.isEmpty)
        #expect(throws: BuildProblem.self) { try plan("# check=error=true\n" + text).graph() }
        #expect(try plan("# check=error=true;skip=all\n" + text).graph().steps.isEmpty)
        #expect(
            found(plan("# check=skip=all\n" + text) { $0.arguments = ["BUILDKIT_DOCKERFILE_CHECK": "error=true"] }) == [
                "StageNameCasing 2:17"
            ]
        )
    }

    @Test(arguments: [
        ("skip", "1:1 `skip` is no option of `check`: write `name=value`"),
        ("error=maybe", "1:1 `error=maybe` of `check` is neither"),
        ("skpi=all", "1:1 `skpi` is no option of `check`; did you mean `skip`?"),
    ])
    func `have options that can be wrong`(options: String, message: String) {
        let problems = lines(plan("# check=\(options)\nFROM scratch").problems)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
    }

    @Test func `are twenty-two, each with an address`() {
        #expect(LintRule.allCases.count == 22)
        #expect(
            LintRule.jsonArgsRecommended.address == "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/"
        )
        #expect(
            LintRule.secretsUsedInArgOrEnv.address
                == "https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/"
        )
    }
}
