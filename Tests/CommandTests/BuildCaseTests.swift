// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Where the cases of builds are, with records of what Docker made of them.
private let builds = String(#filePath.dropLast("CommandTests/BuildCaseTests.swift".count)) + "Builds"

@Suite struct `Builds of cases` {
    /// The cases by their subject, so that several are at work.
    static let subjects = names(in: builds + "/Cases")

    @Test(arguments: subjects) func `are what Docker made of them`(subject: String) async throws {
        try await Installation.with { host in
            let outcome = try await host.shell(
                """
                set -e
                \(builds)/../../examples/busybox/make-image > root.tar
                wharf image import -c 'CMD ["sh"]' root.tar busybox > /dev/null
                \(builds)/check --wharf wharf --filter '^\(subject)/' --jobs 2 \(builds)/Cases
                """
            )
            #expect(outcome.end == .exit(0), "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.hasSuffix(" builds are the same, 0 are not\n"))
        }
    }

    @Test func `are told apart where anything differs`() async throws {
        try await Installation.with { host in
            let outcome = try await host.shell(
                """
                record() { mkdir -p Records; printf '%s\\n' "${@:2}" > Records/$1.txt; }
                for name in same mode fails builds; do mkdir -p Cases/$name; echo content > Cases/$name/f; done
                echo 'FROM scratch
                COPY f /f' | tee Cases/same/Dockerfile Cases/mode/Dockerfile > Cases/fails/Dockerfile
                echo 'FROM nothing nothing' > Cases/builds/Dockerfile
                file='file 644 0:0 434728a410a78f56 at'
                record same "f $file 1500616209" 'Env ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]' 'Platform linux/amd64'
                record mode 'f file 600 0:0 x'
                record fails fails
                record builds 'Platform linux/amd64'
                mkdir Cases/new; cp Cases/same/Dockerfile Cases/new
                \(builds)/check --wharf wharf Cases; echo "[$?]"
                """
            )
            let signs = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("    ") }
            #expect(
                signs == [
                    "✘ builds (buildkit)", "✘ fails (buildkit)", "✘ mode (buildkit)", "✘ new (buildkit)",
                    "5 cases: 1 builds are the same, 4 are not", "[1]",
                ]
            )
        }
    }
}
