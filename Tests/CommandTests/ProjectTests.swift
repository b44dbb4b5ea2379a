// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Commands on a project` {
    @Test(.enabled(if: oracle != nil, "Tests/Conformance/fetch-oracle has not been run"))
    func `print what Docker Compose prints`() async throws {
        let oracle = try #require(oracle)
        try await Installation.with { host in
            let commands = [
                "ps", "ps -a", "ps -a web", "ps -q", "ps --services", "ps --no-trunc", "ps --status exited",
                "ps --filter status=running", "ps -a --orphans=false", "ps --format {{.Names}}",
                "ps --format '{{.ID}} {{.Service}} {{.Project}} {{.Ports}} {{.Publishers}} {{.ExitCode}}{{.Health}}'",
                "ps --format 'table {{.Name}}\\t{{.Label \"com.docker.compose.service\"}}'", "-p shop ps",
                "-p other ps",
                "ls", "ls -a", "ls -q", "ls --filter name=^sh", "ls --filter name=^h", "images -q",
                "port web 80", "port --protocol udp web 53", "port --index 1 web 80",
                "volumes", "volumes -q", "volumes web", "volumes job", "volumes --format 'table {{.Name}}'",
                "top job", "exec -T web echo hi", "exec -T --index 2 web hostname", "exec -T web sh -c 'exit 4'",
                "exec -T -e A=1 -w /tmp -u web web sh -c 'echo $A; pwd; id -u'",
            ]
            let values = [
                "ps --format json", "ps -a --format json", "ls --format json", "ls -a --format json",
                "images --format json", "images web --format json", "volumes --format json",
                "events --json --since 10m --until $until",
            ]
            let transcript = try await host.transcript(
                Shop.running + Shop.comparison(with: oracle) + "until=$(date +%s)\n"
                    + commands.map { "same \($0)\n" }.joined() + "EVEN=values\n"
                    + values.map { "same \($0)\n" }.joined()
                        + """
                        EVEN=columns; columns() { awk '{print $1, $2, NF}' | sort; }; same top; same stats --no-stream -a
                        columns() { cut -d ' ' -f 3- | sed 's/[(,] */ /g' | tr ')' ' ' | grep . | xargs -n 1 | sort; }
                        same events --since 10m --until $until
                        """
            )
            let different = transcript.split(separator: "\n").filter { !$0.hasPrefix("same: ") }
            #expect(different.isEmpty, "\(transcript)")
            #expect(transcript.split(separator: "\n").count == commands.count + values.count + 3)
        }
    }

    @Test func `tell what is wrong, and what to do`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    try wharf ps wbe; try wharf top nothing; try wharf -p other ps db
                    try wharf exec job true; try wharf exec --index 7 web true; try wharf exec idle true
                    try wharf attach job; try wharf port web 81; try wharf port --index 2 web 80
                    try wharf cp idle:/x .; try wharf wait idle; try wharf exec '*b' true
                    cd ..; try wharf ps; try wharf -p Shop ps; try wharf -p other ps web
                    """
            )
            let place = host.scratch.path
            #expect(
                transcript == """
                    error: no such service: `wbe`; did you mean `web`?
                    [1]
                    error: no such service: `nothing`; project `shop` has idle, job, web
                    [1]
                    error: no such service: `db`; project `other` has idle, job, web
                    [1]
                    error: service "job" is not running: start it with `wharf start job`, or use `wharf run job` for a container of its own
                    [1]
                    error: service "web" is not running container #7; there is #1, #2
                    [1]
                    error: service "idle" is not running: make it with `wharf up -d idle`, or use `wharf run idle` for a container of its own
                    [1]
                    error: service "job" is not running: start it with `wharf start job`, or use `wharf run job` for a container of its own
                    [1]
                    error: no port 81/tcp for container shop-web-1: it publishes 127.0.0.1:5300->53/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp
                    [1]
                    error: no port 80/tcp for container shop-web-2: it publishes none
                    [1]
                    error: no container found for service "idle": make it with `wharf up -d idle`
                    [1]
                    error: service "idle" has no container to wait for: make it with `wharf up -d idle`
                    [1]
                    error: `*b` fits several services: job, web
                    [1]
                    error: no compose file found in `\(place)` or any parent folder: name one with `-f`, or a project whose containers are there with `-p`; `wharf ls -a` shows these
                    [1]
                    error: the project name `Shop` is not allowed: it may hold lower-case letters, digits, hyphens and underscores and must start with a letter or a digit
                    [1]
                    error: no such service: `web`; project `other` has neither a compose file here nor containers
                    [1]

                    """
            )
        }
    }

    @Test func `wait for the first end, and take the project down then`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    try wharf wait --down-project job web 2> /dev/null | sed -E 's/[0-9a-f]{64}/ID/'
                    wharf ps -aq | wc -l; wharf volume ls -q
                    """
            )
            #expect(
                transcript == """
                    container "ID" exited with status code 3
                    container "ID" exited with status code 137
                    container "ID" exited with status code 137
                    [3]
                    0
                    shop_data

                    """
            )
        }
    }

    @Test func `know services from files, from profiles and from containers`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    make old 1 --network none busybox sleep 1000; c start shop-old-1 > /dev/null
                    sed -i 's/8080:80"]/&, env_file: missing.env, environment: {A: $MISSING}/' compose.yaml
                    wharf ps idle | wc -l; wharf ps -q old | wc -l; wharf ps --services; wharf ps --orphans=false --services
                    wharf ps --services 'o*' '[wj]*'
                    echo 'in the folder of another project'
                    mkdir ../other; cd ../other; echo 'services: {db: {image: x}}' > compose.yaml
                    try wharf -p shop ps db 2>&1; wharf -p shop ps --services; COMPOSE_PROJECT_NAME=shop wharf ps -q old | wc -l
                    wharf ps db | wc -l; wharf -p new ps db | wc -l
                    echo 'services: [' > compose.yaml; wharf -p shop ps --services; try wharf ps 2>&1 | tail -1
                    cd ..; wharf -p shop ps --services; wharf -f shop/compose.yaml ps --services
                    """
            )
            #expect(
                transcript == """
                    1
                    1
                    old
                    web
                    web
                    old
                    web
                    in the folder of another project
                    error: no such service: `db`; project `shop` has job, old, web
                    [1]
                    old
                    web
                    1
                    1
                    1
                    old
                    web
                    [1]
                    old
                    web
                    old
                    web

                    """
            )
        }
    }

    @Test func `copy, export and wait`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    echo content > file; try wharf cp file web:/tmp/; wharf exec --index 2 web cat /tmp/file
                    c exec shop-web-run-0 cat /tmp/file 2>&1 | grep -o 'No such file'
                    export COMPOSE_PROGRESS=quiet
                    wharf cp --all file web:/tmp/; c exec shop-web-run-0 cat /tmp/file
                    wharf cp --index 2 file web:/tmp/two; wharf exec web cat /tmp/two 2>&1 | grep -o 'No such file'
                    wharf --progress plain cp --index 2 web:/tmp/two back; cat back; wharf cp web:/tmp/file - | tar -xO
                    tar -c file | wharf cp --index 1 - web:/srv 2>&1; tar -c file | wharf cp - web:/tmp 2>&1 | grep -o 'one container only'
                    wharf cp job:/etc/passwd passwd; wc -l < passwd; try wharf cp file other 2>&1 | head -1
                    wharf --progress plain export -o root.tar job; tar -tf root.tar | grep -c '^bin/busybox$'
                    wharf export --index 2 web | tar -t | grep -c '^tmp/two$'
                    try wharf wait job | sed -E 's/[0-9a-f]{64}/ID/'
                    make late 1 -i --network none busybox sh -c 'read word; exit $word'; c start shop-late-1 > /dev/null
                    try wharf wait late job > waited & until [ -s waited ]; do :; done; echo 5 | wharf attach late; wait
                    sed -E 's/"[0-9a-f]{64}"/ID/' waited; wharf ps -a --format '{{.ExitCode}} {{.State}}' late
                    """
            )
            #expect(
                transcript == """
                     shop-web-1 copy file to shop-web-1:/tmp/ Copying
                     shop-web-1 copy file to shop-web-1:/tmp/ Copied
                     shop-web-2 copy file to shop-web-2:/tmp/ Copying
                     shop-web-2 copy file to shop-web-2:/tmp/ Copied
                    [0]
                    content
                    No such file
                    content
                    No such file
                     shop-web-2 copy shop-web-2:/tmp/two to back Copying
                     shop-web-2 copy shop-web-2:/tmp/two to back Copied
                    content
                    content
                    error: a tar can be unpacked into a folder only, which `shop-web-1:/srv` is not
                    one container only
                    2
                    error: the source or the destination must be in a container: NAME:PATH
                     shop-job-1 export shop-job-1 to root.tar Exporting
                     shop-job-1 export shop-job-1 to root.tar Exported
                    1
                    1
                    container "ID" exited with status code 3
                    [3]
                    container ID exited with status code 3
                    container ID exited with status code 5
                    [5]
                    5 exited

                    """
            )
        }
    }

    @Test func `run programs with a terminal where there is one`() async throws {
        try await Installation.with { host in
            try await host.succeed(Shop.running)
            let plain = try await host.transcript(
                """
                cd shop; try wharf exec web tty; echo in | wharf exec web cat; try wharf exec web sh -c 'kill -9 $$'
                shown() { script -qec "$1" /dev/null | grep -oE '/dev/pts/[0-9]+|not a tty'; }
                shown 'wharf exec web tty'; shown 'wharf exec -T web tty'
                wharf exec -d web sh -c 'echo done > /tmp/done; exec sleep 1000'
                try wharf exec web nothing 2>&1 | grep -oE 'executable file not found|\\[127\\]'
                caps() { wharf exec "$@" web grep CapEff /proc/self/status; }; [ "$(caps)" != "$(caps --privileged)" ] && echo more
                echo in | wharf exec -i=false web cat
                """
            )
            #expect(
                plain == """
                    not a tty
                    [1]
                    in
                    [137]
                    /dev/pts/0
                    not a tty
                    executable file not found
                    [127]
                    more

                    """
            )
        }
    }

    @Test func `make an image of a container`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    wharf exec web sh -c 'echo patched > /tmp/patch'
                    wharf commit -a me -m text -c 'CMD ["cat", "/tmp/patch"]' web shop-web:patched 2> told | wc -c
                    sed -E 's/[0-9a-f]{64}/ID/' told; run "$(sed -n 's/.* Committed as //p' told)"
                    wharf image inspect -f '{{.Author}} {{.Comment}}' shop-web:patched
                    wharf --progress quiet commit --index 2 web two; run two cat /tmp/patch 2>&1 | grep -o 'No such file'
                    wharf --progress json commit job ended 2>&1 | sed -E 's/[0-9a-f]{64}/ID/'; run ended echo yes; try wharf commit idle 2>&1 | head -1
                    """
            )
            #expect(
                transcript == """
                    0
                     shop-web-1 Commit shop-web-1 Committing
                     shop-web-1 Commit shop-web-1 Committed as sha256:ID
                    patched
                    me text
                    No such file
                    {"id":"shop-job-1","text":"Commit shop-job-1","status":"Committing"}
                    {"id":"shop-job-1","text":"Commit shop-job-1","status":"Committed as sha256:ID"}
                    yes
                    error: no container found for service "idle": make it with `wharf up -d idle`

                    """
            )
        }
    }

    @Test func `complete services`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.running + """
                    make old 1 --network none busybox sleep 1000
                    wharf --complete-words ps '' | xargs
                    """
            )
            #expect(transcript == "words idle job old web\n")
        }
    }
}
