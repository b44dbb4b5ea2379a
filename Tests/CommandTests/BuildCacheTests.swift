// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The cache of builds` {
    /// Words of scripts: `build` makes the image `app`, and says how many steps were there.
    private static let words = #"""
        mkdir app; printf 'FROM busybox\nCOPY f /f\nRUN cat /f > /g\n' > app/Dockerfile; echo content > app/f
        build() { wharf build --network none -t app "$@" app 2>&1 | grep -c CACHED; }
        forget() { wharf image rm app > /dev/null; wharf builder prune -af > /dev/null; }

        """#

    @Test func `is taken from a folder and a registry where this machine has none`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + Self.words + """
                    serve
                    build --cache-to type=local,dest=$PWD/cache; build
                    forget; build
                    forget; build --cache-from type=local,src=$PWD/cache; run app cat /g
                    forget; build --cache-to type=registry,ref=$team/cache:1
                    forget; build --cache-from $team/cache:1; run app cat /g
                    forget; build --cache-to type=inline > /dev/null; wharf image tag app $team/app:1
                    wharf image push -q $team/app:1 > /dev/null; wharf image rm $team/app:1 > /dev/null
                    forget; build --cache-from type=registry,ref=$team/app:1; run app cat /g
                    """
            )
            #expect(
                transcript == """
                    0
                    2
                    0
                    2
                    content
                    0
                    2
                    content
                    2
                    content

                    """
            )
        }
    }

    @Test func `is counted, and goes when it is told to`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    kept() { wharf system df --format '{{.Type}} {{.TotalCount}}' | grep Cache; }
                    kept; build > /dev/null; [ "$(kept)" != "$(echo Build Cache 0)" ] && echo more
                    wharf builder prune -af | grep -c Total; kept
                    wharf build --network none --cache-from type=gha app 2>&1 | head -n 1 | grep -o 'type=gha\\|`gha`' | head -n 1
                    """
            )
            #expect(
                transcript == """
                    Build Cache 0
                    more
                    1
                    Build Cache 0
                    `gha`

                    """
            )
        }
    }

    @Test func `goes as often as it comes again`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                printf 'FROM busybox\nRUN --mount=type=cache,target=/c touch /c/f\n' > Dockerfile
                for number in 1 2 3; do
                    wharf build -q --network none . > /dev/null; ls $WHARF_ROOT/cache-mounts | wc -l
                    wharf builder prune -af > /dev/null; ls $WHARF_ROOT/cache-mounts | wc -l
                done
                """
            )
            #expect(transcript == "1\n0\n1\n0\n1\n0\n")
        }
    }

    @Test func `serves no other platform, of which an image may have several`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                #"""
                mkdir app; printf 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /f\n' > app/Dockerfile
                echo one > app/amd64; echo two > app/arm64
                wharf build -q --platform linux/amd64,linux/arm64 -o type=oci,dest=out.tar -t app app > /dev/null
                mkdir out; tar -C out -xf out.tar
                cat out/blobs/sha256/* | grep -ao '"architecture":"[a-z0-9]*"' | sort -u
                """#
            )
            #expect(
                transcript == """
                    "architecture":"amd64"
                    "architecture":"arm64"

                    """
            )
        }
    }
}
