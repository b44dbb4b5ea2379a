// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Docker's own command line, where the machine has it.
private let docker = ["/usr/local/bin/docker", "/usr/bin/docker"].first(where: isExecutable)

@Suite struct `The command build` {
    @Test func `builds a folder`() async throws {
        try await Installation.with { host in
            try host.scratch.write("app/Dockerfile", "FROM busybox\nCOPY f /f\nRUN cat /f\nCMD [\"cat\", \"/f\"]\n")
            try host.scratch.write("app/f", "content\n")
            let transcript = try await host.transcript(
                """
                build() { wharf build --network none "$@"; }
                even() { sed -E 's/[0-9]+\\.[0-9]+s?/T/; s/sha256:[0-9a-f]+/ID/'; }
                build -t app:1 -t other app 2>&1 | even
                wharf build --network none -t app:1 app 2>&1 | grep -c CACHED
                build -q -t app:1 --iidfile id app > printed; diff id <(tr -d '\\n' < printed) && echo same
                run app:1
                build -t app:1 -o type=tar,dest=out.tar -o out app 2> /dev/null; cat out/f; tar -xOf out.tar f
                echo 'FROM busybox' | build -q -t piped - | grep -c sha256
                tar -C app -cf - . | build -q -t tarred - | grep -c sha256
                echo 'FROM busybox
                RUN echo told; exit 3' | try build -f - app 2>&1 | even | tail -n 6
                cd app; build -q -f Dockerfile -t three . > /dev/null; wharf image ls --format '{{.Repository}}:{{.Tag}}' | sort
                build -t x nowhere/ 2>&1
                """
            )
            #expect(
                transcript == """
                    #1 [1/3] FROM busybox
                    #1 DONE T

                    #2 [2/3] COPY f /f
                    #2 DONE T

                    #3 [3/3] RUN cat /f
                    #3 T content
                    #3 DONE T

                    => image ID
                    => named app:1
                    => named other:latest
                    2
                    same
                    content
                    content
                    content
                    1
                    1
                    ------
                     > [2/2] RUN echo told; exit 3:
                    told
                    ------
                    error: standard input:2: process "/bin/sh -c echo told; exit 3" did not complete successfully: exit code: 3
                    [1]
                    app:1
                    busybox:latest
                    other:latest
                    piped:latest
                    tarred:latest
                    three:latest
                    error: cannot open the build context `\(host.scratch.path)/app/nowhere/`: no such file or directory

                    """
            )
        }
    }

    @Test func `builds the services of a project, also where up misses them`() async throws {
        try await Installation.with { host in
            try host.scratch.write(
                "shop/compose.yaml",
                """
                services:
                  base:
                    build:
                      network: none
                      dockerfile_inline: |
                        FROM busybox
                        RUN echo base > /base
                    scale: 0
                  web:
                    network_mode: none
                    depends_on: [job]
                    command: sleep 1000
                    build:
                      context: web
                      network: none
                      args: {A: given}
                      labels: {own: label}
                      additional_contexts: {below: "service:base"}
                      secrets: [key]
                      tags: ["web:extra"]
                  job:
                    image: job:1
                    network_mode: none
                    command: "true"
                    build: {network: none, dockerfile_inline: FROM busybox}
                secrets: {key: {environment: KEY}}
                """
            )
            try host.scratch.write("shop/.env", "KEY=secret\n")
            try host.scratch.write(
                "shop/web/Dockerfile",
                """
                FROM below
                ARG A
                RUN --mount=type=secret,id=key,required=true test "$(cat /run/secrets/key)" = secret
                RUN echo $A > /a

                """
            )
            let transcript = try await host.transcript(
                """
                cd shop
                try wharf build web 2> log; grep -oE '^\\[[a-z]+\\] => named .*' log
                run shop-web cat /base /a
                wharf image inspect -f '{{json .Config.Labels}}' web:extra
                wharf image rm web:extra shop-web > /dev/null
                wharf up -d --quiet-build > /dev/null 2>&1; wharf ps -a --format '{{.Service}} {{.Image}} {{.State}}'
                echo 'RUN echo new > /new' >> web/Dockerfile
                wharf up -d --build > /dev/null 2>&1; c exec shop-web-1 cat /new
                wharf up -d --no-build --force-recreate web > /dev/null 2>&1; c exec shop-web-1 cat /new
                wharf down 2> /dev/null
                """
            )
            #expect(
                transcript == """
                    [0]
                    [base] => named shop-base:latest
                    [web] => named shop-web:latest
                    [web] => named web:extra
                    base
                    given
                    {"com.docker.compose.project":"shop","com.docker.compose.service":"web","own":"label"}
                    job job:1 exited
                    web shop-web running
                    new
                    new

                    """
            )
        }
    }

    @Test func `goes on where an engine was killed`() async throws {
        try await Installation.with { host in
            try host.scratch.write(
                "Dockerfile",
                "FROM busybox\nRUN echo first > /first\nRUN echo reached > /dev/stderr; [ -e /first ] && exec sleep 1000\n"
            )
            let transcript = try await host.transcript(
                """
                wharf build --network none -t app . > log 2>&1 & build=$!
                until grep -q reached log; do :; done
                group=$(echo $WHARF_ROOT/builds/*/*/upper); [ -d $group ] && echo works
                kill -KILL $(wharf engine status --format json | grep -oE '"pid": ?[0-9]+' | tr -dc 0-9); try wait $build
                until wharf engine status > /dev/null 2>&1; do :; done
                ls $WHARF_ROOT/builds | wc -l
                sed -i 's/ && exec.*//' Dockerfile
                wharf build --network none -t app . 2>&1 | grep -E 'CACHED|named'
                run app cat /first
                """
            )
            #expect(transcript.contains("works\n[1]\n0\n"), "\(transcript)")
            #expect(transcript.contains("#2 CACHED\n=> named app:latest\nfirst\n"), "\(transcript)")
        }
    }

    @Test(.enabled(if: docker != nil, "there is no docker command on this machine"))
    func `is also that of Docker, by the classic builder`() async throws {
        try await Installation.with { host in
            try host.scratch.write("Dockerfile", "FROM busybox\nARG A\nCOPY f /f\nRUN echo $A; cat /f\n")
            try host.scratch.write("f", "content\n")
            try host.scratch.write(".dockerignore", "busybox.tar\nroot\n")
            let transcript = try await host.transcript(
                """
                export DOCKER_BUILDKIT=0
                build() { docker build --network none "$@" 2>&1 | grep -vE 'DEPRECATED|legacy|BuildKit|buildx|^ *$'; }
                build -t app --build-arg A=given --label l=v . | sed -E 's/[0-9a-f]{12}$/ID/; s/ *[0-9.]+[kM]?B$//'
                docker image inspect -f '{{json .Config.Labels}}' app
                build -q . | grep -c sha256
                echo 'RUN exit 5' >> Dockerfile; build . | tail -n 1
                """
            )
            #expect(transcript.contains("given\ncontent\n"), "\(transcript)")
            #expect(transcript.contains("Successfully tagged app:latest"), "\(transcript)")
            #expect(transcript.contains("{\"l\":\"v\"}\n1\n") && transcript.contains("exit code: 5"), "\(transcript)")
        }
    }
}
