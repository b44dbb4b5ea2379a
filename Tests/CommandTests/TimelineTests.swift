// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The timeline of a project` {
    private static let project = """
        mkdir shop; cd shop
        cat > compose.yaml <<'END'
        x-common: &common {image: busybox, network_mode: none, init: true}
        services:
          db:
            <<: *common
            command: sleep 1000
            healthcheck: {test: [CMD, "true"], start_period: 60s, start_interval: 200ms}
          migrate: {<<: *common, command: "true", depends_on: {db: {condition: service_healthy}}}
          web: {<<: *common, command: sleep 1000, depends_on: {migrate: {condition: service_completed_successfully}}}
          cache: {<<: *common, command: sleep 1000}
        END

        """

    @Test func `shows the chain that the start waited for`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.project + """
                    sentence() { sed -n '/^Ready/,$p' | paste -sd ' ' | sed -E 's/[0-9.]+s\\b/N/g'; }
                    wharf up -d --timeline 2> /dev/null | sentence
                    wharf up -d --timeline 2> /dev/null
                    try wharf timeline --format json -o t.json --since 10m
                    python3 -c '
                    import json; t = json.load(open("t.json"))
                    print([(s["service"], s["condition"]) for s in t["path"]])
                    ends = [s["end"] for s in t["path"]]; print(ends == sorted(ends) and ends[-1] == t["length"])
                    print({c["service"]: [c["critical"], c["healthy"] is not None, c["exitCode"]] for c in sorted(t["containers"], key=lambda c: c["service"])})
                    '
                    wharf timeline --since 10m db cache | sentence; wharf timeline --since 10m \
                        | python3 -c 'import sys; print(max(map(len, sys.stdin.read().splitlines())) <= 80)'
                    wharf timeline --since 10m --format svg | grep -c 'data-service="web"'
                    wharf down -t 0 2> /dev/null; try wharf timeline; try wharf timeline --since 2200-01-01
                    """
            )
            #expect(
                transcript == """
                    Ready after N; the longest chain is db (N until healthy) → migrate (N until completed) → web (N until started).
                    shop: nothing had to be started
                    [0]
                    [('db', 'service_healthy'), ('migrate', 'service_completed_successfully'), ('web', 'service_started')]
                    True
                    {'cache': [False, False, None], 'db': [True, True, None], 'migrate': [True, False, 0], 'web': [True, False, None]}
                    Ready after N, and nothing else was waited for: the last was db (N until healthy).
                    True
                    1
                    error: project `shop` is not up: bring it up with `wharf up`
                    [1]
                    error: `since` cannot be after `until`
                    [1]

                    """,
                "\(transcript)"
            )
        }
    }
}
