// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Build

@Suite struct `Directives` {
    @Test(
        arguments: [
            ("# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", nil, "\\"),
            ("#syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", nil, "\\"),
            ("# SyNtAx = docker/dockerfile:1.7-labs \nFROM a", "docker/dockerfile:1.7-labs", nil, "\\"),
            ("\u{FEFF}# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", nil, "\\"),
            ("  # escape=`\nFROM a", nil, nil, "`"),
            ("# escape=\\\nFROM a", nil, nil, "\\"),
            ("# escape=`\r\nFROM a", nil, nil, "`"),
            (
                "# syntax=docker/dockerfile:1\n# escape=`\n# check=skip=all\nFROM a", "docker/dockerfile:1", "skip=all",
                "`"
            ),
            ("# check=skip=A,B;error=true\nFROM a", nil, "skip=A,B;error=true", "\\"),
            // Whatever is no directive ends them.
            ("# hello\n# escape=`\nFROM a", nil, nil, "\\"), ("\n# escape=`\nFROM a", nil, nil, "\\"),
            ("# other=1\n# escape=`\nFROM a", nil, nil, "\\"), ("FROM a\n# escape=`\n", nil, nil, "\\"),
            ("#\n# escape=`\nFROM a", nil, nil, "\\"), ("# escape=\nFROM a", nil, nil, "\\"),
            ("# escape\nFROM a", nil, nil, "\\"), ("# esc_ape=`\nFROM a", nil, nil, "\\"),
            ("# 1escape=`\nFROM a", nil, nil, "\\"),
            // A script may begin with its interpreter, which is before the syntax but not before the escape character.
            ("#!/bin/x\n# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", nil, "\\"),
            ("#!/bin/x\n# escape=`\nFROM a", nil, nil, "\\"),
            ("#!/bin/x\n# check=error=true\nFROM a", nil, "error=true", "\\"),
            // Formats with other comments name their frontend as well.
            ("// syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", nil, "\\"),
            ("{\"syntax\": \"docker/dockerfile:1\"}", "docker/dockerfile:1", nil, "\\"),
            ("{\"syntax\": 1}", nil, nil, "\\"),
        ] as [(String, String?, String?, String)]
    )
    func `are read before everything else`(text: String, syntax: String?, check: String?, escape: String) {
        let directives = dockerfile(text).directives
        #expect(directives.syntax?.value == syntax)
        #expect(directives.check?.value == check)
        #expect(String(directives.escape) == escape)
    }

    @Test(arguments: [
        ("# escape=`\n# escape=\\\nFROM a", "2:1 there is more than one `escape` directive"),
        ("# syntax=docker/dockerfile:1\n# SYNTAX=docker/dockerfile:1\nFROM a", "2:1 there is more than one `syntax`"),
        ("# check=error=true\n# check=skip=all\nFROM a", "2:1 there is more than one `check`"),
        ("# escape=x\nFROM a", "1:1 `x` cannot be the escape character"),
        ("# escape=\\\\\nFROM a", "1:1 `\\\\` cannot be the escape character"),
        ("# syntax=example.com/other:1\nFROM a", "1:1 the file wants to be understood by `example.com/other:1`"),
        ("# syntax=docker/dockerfiles\nFROM a", "1:1 the file wants"),
    ])
    func `that are wrong are told`(text: String, message: String) {
        #expect(lines(dockerfile(text).problems).first?.hasPrefix(message) == true, "\(dockerfile(text).problems)")
    }

    @Test(arguments: [
        "docker/dockerfile", "docker/dockerfile:1", "docker/dockerfile:1.20-labs", "docker.io/docker/dockerfile:1",
        "docker/dockerfile-upstream:master", "index.docker.io/docker/dockerfile",
        "docker/dockerfile:1@sha256:" + String(repeating: "a", count: 64), "docker/dockerfile:1 --some",
    ])
    func `that ask for Docker's own frontend are met`(syntax: String) {
        #expect(dockerfile("# syntax=\(syntax)\nFROM a").problems.isEmpty)
    }
}
