// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A dry run` {
    /// A project with a container, a network and a volume.
    private static let project = """
        mkdir shop; cd shop
        cat > compose.yaml <<'END'
        services: {web: {image: busybox, init: true, command: sleep 1000000, volumes: ["data:/data"]}}
        volumes: {data: {}}
        END
        wharf --progress quiet up -d

        """

    @Test func `of a command on what is there says what it would do, and does nothing`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.project + """
                    state() { c inspect -f '{{.Id}} {{.State.Status}} {{.State.StartedAt}}' shop-web-1; wharf network ls -q; wharf volume ls -q; }
                    state > before
                    for words in 'stop' 'kill' 'pause' 'restart' 'rm -fs' 'down -v --rmi all'; do
                        wharf --dry-run $words > said; echo "$words [$?] $(grep -c '^DRY-RUN MODE - ' said)"
                        state | cmp - before
                    done
                    wharf --dry-run down -v | sed 's/ (.*//' | grep -E 'web|default|data'
                    """
            )
            #expect(
                transcript == """
                    stop [0] 2
                    kill [0] 2
                    pause [0] 2
                    restart [0] 2
                    rm -fs [0] 2
                    down -v --rmi all [0] 5
                    DRY-RUN MODE - - remove container shop-web-1
                    DRY-RUN MODE - - remove network shop_default
                    DRY-RUN MODE - - remove volume shop_data

                    """
            )
        }
    }

    @Test func `of a command that cannot tell before is refused`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.project + """
                    for words in 'exec -T web touch /made' 'cp compose.yaml web:/made' 'cp web:/bin .' 'run web true' 'export web'; do
                        wharf --dry-run $words > said 2>&1; echo "$? $(grep -c 'error: --dry-run: nothing was done' said)"
                    done
                    wharf exec -T web ls /made; wharf exec -T web ls /data; ls; c ls -aq | wc -l
                    """
            )
            #expect(
                transcript == """
                    1 1
                    1 1
                    1 1
                    1 1
                    1 1
                    ls: /made: No such file or directory
                    compose.yaml
                    said
                    1

                    """
            )
        }
    }
}
