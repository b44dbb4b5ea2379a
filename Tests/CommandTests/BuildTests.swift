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

    @Test func `lets programs of any user ask an agent for keys, as long as they run`() async throws {
        let image = try await serverImage.value
        try await Installation.with { host in
            try host.scratch.write(
                "app/ask.pl",
                """
                use IO::Socket::UNIX;
                my $agent = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or die "no agent: $!\\n";
                # SSH_AGENTC_REQUEST_IDENTITIES; the answer has the comment of each key.
                print $agent pack("NC", 1, 11); $agent->flush;
                read $agent, my $head, 4; read $agent, my $answer, unpack("N", $head);
                print $answer =~ /(key of \\w+)/ ? "$1\\n" : "no key\\n";

                """
            )
            try host.scratch.write(
                "app/Dockerfile",
                """
                FROM servers
                COPY ask.pl /
                RUN --mount=type=ssh,required=true perl /ask.pl; stat -c '%F %a %u:%g' $SSH_AUTH_SOCK; perl /ask.pl
                USER redis
                RUN --mount=type=ssh perl /ask.pl 2>&1 | cut -d: -f1
                RUN --mount=type=ssh,id=other,uid=71,gid=5,mode=0640,target=/tmp/s perl /ask.pl; stat -c '%a %u:%g' /tmp/s
                RUN test ! -e /run/buildkit/ssh_agent.0 && test -z "$SSH_AUTH_SOCK"

                """
            )
            let transcript = try await host.transcript(
                """
                wharf image load -q -i \(image) > /dev/null
                chown 1000:1000 . && for name in ours theirs; do
                    ssh-keygen -q -t ed25519 -N '' -C "key of $name" -f $name; chown 1000 $name
                    eval "$(setpriv --reuid 1000 --clear-groups ssh-agent -a $PWD/agent-$name)" > /dev/null
                    agents="$agents $SSH_AGENT_PID"; trap 'kill $agents' EXIT
                    setpriv --reuid 1000 --clear-groups ssh-add -q $name
                done
                SSH_AUTH_SOCK=$PWD/agent-ours wharf build --network none --ssh default --ssh other=$PWD/agent-theirs app \\
                    2>&1 | sed -nE 's/^#[0-9]+ [0-9.]+ //p'
                try wharf build -q --no-cache --network none --ssh default=$PWD/app/ask.pl app 2>&1 | sed -E "s|$PWD|PWD|" | tail -n 2
                """
            )
            #expect(
                transcript == """
                    key of ours
                    socket 600 0:0
                    key of ours
                    no agent
                    key of theirs
                    640 71:5
                    error: Dockerfile:3: [3/6] RUN --mount=type=ssh,required=true perl /ask.pl; stat -c '%F %a %u:%g' \
                    $SSH_AUTH_SOCK; perl /ask.pl: the SSH agent `default`: `PWD/app/ask.pl` is no socket of an agent
                    [1]

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

    @Test func `shows lines as they end on terminals`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                #"""
                echo 'FROM busybox' > Dockerfile; echo "RUN printf 'one\\r\\ntwo\\r\\n'; exit 3" >> Dockerfile
                wharf build --network none - < Dockerfile 2>&1 | grep -oE '(one|two)$'
                """#
            )
            #expect(transcript == "one\ntwo\none\ntwo\n")
        }
    }

    @Test func `builds an image once for a service that only uses it, and pulls it for none`() async throws {
        try await Installation.with { host in
            try host.scratch.write(
                "shop/compose.yaml",
                """
                services:
                  web:
                    image: shared
                    network_mode: none
                    command: sleep 1000
                    build: {network: none, dockerfile_inline: "FROM busybox\\nCOPY --link <<E /f\\nlinked\\nE\\nRUN cat /f > /g"}
                  job: {image: shared, network_mode: none, command: cat /g}
                """
            )
            let transcript = try await host.transcript(
                """
                cd shop; try wharf up -d web job 2> log; wharf wait job > status
                wharf logs --no-log-prefix job; grep -c '=> image' log
                """
            )
            #expect(
                transcript == """
                    [0]
                    linked
                    1

                    """
            )
        }
    }

    @Test func `builds services side by side, those first that others need`() async throws {
        try await Installation.with { host in
            // Each of two builds waits for the other one; they have a folder of the host in common as a cache.
            try host.scratch.write(
                "shop/compose.yaml",
                #"""
                x-build: &build
                  network: none
                  dockerfile_inline: |
                    FROM busybox
                    ARG OWN
                    ARG OTHER
                    RUN --mount=type=cache,id=meeting,target=/m touch /m/$$OWN; until [ -e /m/$$OTHER ]; do :; done; echo $$OWN > /own
                services:
                  one: {build: {<<: *build, args: {OWN: one, OTHER: two}}}
                  two: {build: {<<: *build, args: {OWN: two, OTHER: one}}}
                  both:
                    build:
                      additional_contexts: {first: "service:one", second: "service:two"}
                      dockerfile_inline: |
                        FROM first
                        COPY --from=second /own /other
                """#
            )
            try host.scratch.write(
                "broken/compose.yaml",
                #"""
                services:
                  slow:
                    build:
                      network: none
                      dockerfile_inline: |
                        FROM busybox
                        RUN --mount=type=cache,id=slow,target=/m touch /m/slow; exec sleep 1000
                  bad:
                    build:
                      network: none
                      dockerfile_inline: |
                        FROM busybox
                        RUN --mount=type=cache,id=slow,target=/m until [ -e /m/slow ]; do :; done; rm /m/slow; echo told; exit 3
                  behind: {build: {additional_contexts: {b: "service:bad"}, dockerfile_inline: FROM b}}
                """#
            )
            let transcript = try await host.transcript(
                """
                cd shop; try wharf build 2> log; run shop-both cat /own /other
                # Each step has a number of its own, also where it is named again behind others.
                grep -E '^#[0-9]+ \\[' log | sort -u | cut -d ' ' -f 1 | uniq -d
                cd ../broken; try wharf build 2> log; grep -E '\\] CANCELED|^error|^told' log | sort; grep -c behind log
                left() { ls $WHARF_ROOT/builds | wc -l; }
                until [ $(left) = 0 ]; do :; done
                wharf build slow 2> log & build=$!; until grep -q 'RUN' log && [ $(left) = 1 ]; do :; done
                kill -TERM $build; wait $build; until [ $(left) = 0 ]; do :; done; echo ended
                """
            )
            #expect(
                transcript == """
                    [0]
                    one
                    two
                    [1]
                    [slow] CANCELED
                    error: bad (dockerfile_inline):2: [bad] process "/bin/sh -c until [ -e /m/slow ]; do :; done; rm /m/slow; echo told; exit 3" did not complete successfully: exit code: 3
                    told
                    0
                    ended

                    """
            )
        }
    }

    @Test func `brings up with builds of what has changed, and says what that is`() async throws {
        try await Installation.with { host in
            try host.scratch.write(
                "shop/compose.yaml",
                """
                services:
                  web: &web
                    build: {context: web, network: none}
                    network_mode: none
                    stop_grace_period: 0s
                    command: sleep 1000
                  api: {<<: *web, build: {context: api, network: none}}
                  ours: {<<: *web, image: busybox, build: {dockerfile_inline: FROM nothing}}
                """
            )
            for name in ["web", "api"] {
                try host.scratch.write("shop/\(name)/Dockerfile", "FROM busybox\nCOPY f /f\nRUN cat /f\n")
                try host.scratch.write("shop/\(name)/f", "\(name)\n")
            }
            let transcript = try await host.transcript(
                """
                cd shop
                up() { wharf up -d --build=stale 2>&1 | grep -E '^\\[.*(stale|date)|#.*RUN' | sed 's/^#[0-9]*/#/' | sort -u; }
                up; up
                echo 2 > api/f; up; c exec shop-api-1 cat /f
                echo 'ENV A=1' >> web/Dockerfile; up
                try wharf up -d --build=other 2>&1 | head -1
                wharf down 2> /dev/null
                """
            )
            #expect(
                transcript == """
                    # [api] [3/3] RUN cat /f
                    # [web] [3/3] RUN cat /f
                    [api] is stale: [2/3] COPY f /f: nothing was built at this place before
                    [web] is stale: [2/3] COPY f /f: nothing was built at this place before
                    [api] is up to date
                    [web] is up to date
                    # [api] [3/3] RUN cat /f
                    [api] is stale: [2/3] COPY f /f: /f changed
                    [web] is up to date
                    2
                    [api] is up to date
                    [web] is stale: what the image says of its containers changed
                    error: `--build` must be stale, true or false, not `other`

                    """
            )
        }
    }

    @Test func `draws its steps on a terminal, with what they write while they go on`() async throws {
        try await Installation.with { host in
            try host.scratch.write("one/good/Dockerfile", "FROM busybox\nRUN echo fir''st; sleep 1; echo secon''d\n")
            try host.scratch.write(
                "two/compose.yaml",
                #"""
                services:
                  slow:
                    build:
                      network: none
                      dockerfile_inline: |
                        FROM busybox
                        RUN --mount=type=cache,id=drawn,target=/m touch /m/slow; exec sleep 1000
                  bad:
                    build:
                      network: none
                      dockerfile_inline: |
                        FROM busybox
                        RUN --mount=type=cache,id=drawn,target=/m until [ -e /m/slow ]; do :; done; echo reason; exit 3
                """#
            )
            let build = "env TERM=xterm wharf build --network none"
            let one = try await Pseudoterminal.start("\(build) -t good one/good", in: host)
            for text in ["[+] Building", "first", "[+] Building 3/3", "✔ [1/2] FROM busybox", "DONE"] {
                try await one.wait(for: text)
            }
            try await one.wait(for: "✔ Image good")
            #expect(try await one.end() == 0)
            let both = try await Pseudoterminal.start("env TERM=xterm wharf --project-directory two build", in: host)
            #expect(try await both.end() == 1)
            // The last drawing stays, and the failure is told below it.
            let parts = both.shown.split(separator: "[+] Building").last.map { $0.split(separator: "------") } ?? []
            #expect(parts.count == 3 && parts[1].contains("[bad] [2/2]") && parts[1].contains("reason"))
            for text in ["✘ bad [2/2] RUN", "ERROR", "! slow [2/2] RUN", "CANCELED"] {
                #expect(parts.first?.contains(text) == true, "\(text)")
            }
            let plain = try await Pseudoterminal.start(
                "env TERM=xterm BUILDKIT_PROGRESS=plain wharf build --network none one/good",
                in: host
            )
            try await plain.wait(for: "#2 CACHED")
            #expect(try await plain.end() == 0)
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
                # Not in the name of the step, which is told before it begins, but in what it writes.
                until grep -qE '^#[0-9]+ [0-9.]+ reached' log; do :; done
                # That of the first step, which lies below, and that of the second.
                [ $(ls -d $WHARF_ROOT/builds/*/*/upper | wc -l) = 2 ] && echo works
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
                build -q -f - -t other . <<< $'FROM busybox\\nCOPY f /other' | grep -c sha256
                docker run --rm --network none other cat /other
                echo 'RUN exit 5' >> Dockerfile; build . | tail -n 1
                printf 'FROM busybox\\nCOPY missing /\\n' > other; build -f other . | tail -n 1
                echo BOGUS >> other; build -f other . | tail -n 1
                """
            )
            #expect(transcript.contains("given\ncontent\n"), "\(transcript)")
            #expect(transcript.contains("Successfully tagged app:latest"), "\(transcript)")
            #expect(transcript.contains("{\"l\":\"v\"}\n1\n1\ncontent\n"), "\(transcript)")
            let failures = transcript.split(separator: "\n").suffix(3)
            #expect(
                failures == [
                    "The command '/bin/sh -c exit 5' returned a non-zero code: 5",
                    "other:2: [2/2] COPY missing /: \"/missing\" is not in the build context: there is no such file",
                    "other:3: unknown instruction `BOGUS`",
                ],
                "\(failures)"
            )
        }
    }
}
