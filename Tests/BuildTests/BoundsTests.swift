// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@testable import Build

@Suite struct `A hostile Dockerfile` {
    private static let files: [(String, String)] = [
        ("a line without end", "FROM scratch\nRUN " + String(repeating: "x \\\n", count: 600_000)),
        ("too many bytes", "FROM scratch\n" + String(repeating: "#", count: Limits.fileSize)),
        ("too many instructions", "FROM scratch\n" + String(repeating: "USER x\n", count: 5000)),
        (
            "too many here-documents",
            "FROM scratch\nRUN " + String(repeating: "<<E ", count: 200) + "\n" + String(repeating: "E\n", count: 200)
        ),
        ("variables that double", "FROM scratch\nENV a=xxxxxxxx\n" + String(repeating: "ENV a=$a$a\n", count: 40)),
        (
            "many long texts",
            "FROM scratch\nENV a=\(String(repeating: "x", count: 500_000))\n"
                + String(repeating: "LABEL a=$a\n", count: 100)
        ),
        (
            "too many variables",
            "FROM scratch\n"
                + (0..<5).map { i in "ENV " + (0..<1000).map { "v\(i)_\($0)=1" }.joined(separator: " ") }.joined(
                    separator: "\n"
                )
        ),
        ("too many ports", "FROM scratch\nEXPOSE " + String(repeating: "1-65535 ", count: 100)),
        (
            "nested variables",
            "FROM scratch\nENV a=" + String(repeating: "${b:-", count: 1000) + String(repeating: "}", count: 1000)
        ),
        ("a here-document without end", "FROM scratch\nRUN <<E\n" + String(repeating: "x\n", count: 100_000)),
        ("a deep list", "FROM scratch\nENV a=1 =" + String(repeating: "[", count: 10_000)),
        (
            "patterns",
            "FROM scratch\nENV a=\(String(repeating: "a", count: 100_000))\nENV b=${a//\(String(repeating: "*a", count: 100))b/}"
        ),
    ]

    @Test(arguments: files)
    func `is refused before anything grows`(name: String, text: String) {
        #expect(!plan(text).allProblems.isEmpty, "\(name)")
    }

    @Test(arguments: [
        "", "\0", "\u{FEFF}", "#", "\\", "\\\n", "FROM", "FROM \\\n", "<<", "FROM a\nRUN <<", "FROM a\nRUN <<-",
        "FROM a\nENV \"", "FROM a\nENV a=\\", "FROM a\nCOPY [", "FROM a\nCOPY []", "FROM a\nCOPY [\"a\"] b",
        "FROM a\nRUN --", "FROM a\nRUN --=",
        "FROM a\nRUN --mount= x", "FROM a\nRUN --mount=, x", "FROM a\nRUN --mount== x", "FROM a\nONBUILD ",
        "FROM a\nONBUILD RUN <<E", "FROM a\nHEALTHCHECK --interval=", "FROM a\nEXPOSE -", "FROM a\nEXPOSE /",
        "FROM a\nEXPOSE :", "FROM --platform=/ a", "FROM a@", "# check=", "# check=;",
        "FROM a\nENV ${", "FROM a\nENV a=${a/", "FROM a\nENV a=${a#", "FROM a\nARG =", "FROM a\nUSER \\", "FROM a\r",
        "\r\n\r\n", "FROM a\nRUN x \\\n\\\n\\", "FROM a\nSHELL [\"\"]\nRUN x", "FROM \u{A0}a",
    ])
    func `of odd ends is understood or refused`(text: String) {
        let plan = plan(text)
        #expect(plan.stages.count <= 1)
        _ = try? plan.graph()
    }

    @Test func `that is no UTF-8 is read all the same`() {
        let plan = Planner.plan(Dockerfile(Array("FROM scratch\nLABEL a=".utf8) + [0xFF, 0xC3]))
        #expect(plan.allProblems.isEmpty && plan.stages.first?.config.labels?["a"]?.isEmpty == false)
    }
}
