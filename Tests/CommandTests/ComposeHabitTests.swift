// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What users of Docker Compose rely on without thinking of it.
@Suite struct `A habit from Docker Compose` {
    @Test func `holds for what profiles and run have brought up`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; echo 'services: {a: &a {image: busybox, init: true, command: sleep 1000000}, x: {<<: *a, profiles: [p]}}' > compose.yaml
                wharf --progress quiet --profile p up -d
                wharf --progress quiet -p shop stop; wharf ps -a --format '{{.Name}} {{.State}}' | sort
                wharf --progress quiet -p shop down; c ls -aq | wc -l; wharf network ls -q --filter name=shop | wc -l
                id=$(wharf --progress quiet run -d a); c ls --no-trunc -q | grep -c "^$id$"
                wharf --progress quiet down; c ls -q | wc -l; wharf --progress quiet down --remove-orphans; c ls -aq | wc -l
                """
            )
            #expect(
                transcript == """
                    shop-a-1 exited
                    shop-x-1 exited
                    0
                    0
                    1
                    1
                    0

                    """
            )
        }
    }

    @Test func `holds for a service whose log nobody keeps`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; cat > compose.yaml <<'END'
                services:
                  kept: {image: busybox, command: echo here}
                  lost: {image: busybox, command: echo there, logging: {driver: none}}
                  asked: {image: busybox, command: 'sh -c "read x; echo got $$x"', stdin_open: true, logging: {driver: none}, profiles: [p]}
                END
                wharf --progress quiet up --no-color 2> errors | grep -v '^Attaching' | tr -s ' ' | sort; echo "${PIPESTATUS[0]}"; cat errors
                try wharf logs --no-color
                wharf --progress quiet run --rm lost; echo in | wharf --progress quiet run --rm asked
                wharf --progress quiet up -d asked; echo attached | wharf attach asked; wharf logs asked
                """
            )
            #expect(
                transcript == """
                    kept-1 exited with code 0
                    kept-1 | here
                    lost-1 exited with code 0
                    lost-1 | there
                    0
                    warning: cannot show what shop-lost-1 writes: configured logging driver does not support reading
                    kept-1  | here
                    [0]
                    there
                    got in
                    got attached
                    warning: cannot show what shop-asked-1 writes: configured logging driver does not support reading

                    """
            )
        }
    }

    @Test func `holds for what is missing`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; cat > compose.yaml <<'END'
                services:
                  a: {image: busybox, command: "true", volumes: [{type: bind, source: ./made, target: /x}]}
                  b: {image: busybox, command: "true"}
                END
                try wharf --progress quiet up --exit-code-from b a
                try wharf --progress quiet up -d a; ls -d made
                """
            )
            #expect(transcript == "error: no such service: b\n[1]\n[0]\nmade\n")
        }
    }

    @Test func `holds for terminals`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; echo 'services: {a: {image: busybox, init: true, command: sleep 1000000}}' > compose.yaml
                wharf --progress quiet up -d; export COMPOSE_PROGRESS=quiet
                try wharf run -it --rm a true < /dev/null; try wharf run -T -t --rm a true 2>&1 | grep together
                echo in | wharf run --rm --tty=false a cat; try wharf run -i --rm a tty < /dev/null
                try wharf exec -it a tty < /dev/null; echo in | wharf exec -it a cat; try wharf exec --no-TTY a true
                """
            )
            let refusal = "error: the input device is not a TTY; leave out `-t` where input comes from a file or a pipe"
            #expect(
                transcript == """
                    \(refusal)
                    [1]
                    error: --tty and --no-TTY can't be used together
                    in
                    not a tty
                    [1]
                    not a tty
                    [1]
                    in
                    [0]

                    """
            )
            let lines = [
                ("exec -it a tty </dev/null", "the input device is not a TTY"),
                ("run --rm -i a tty </dev/null", "the input device is not a TTY"),
                ("exec a tty </dev/null", "not a tty"),
            ]
            for (line, text) in lines {
                let words = "bash -c 'wharf --project-directory shop --progress quiet \(line)'"
                let terminal = try await Pseudoterminal.start(words, in: host)
                try await terminal.wait(for: text)
                #expect(try await terminal.end() == 1)
            }
        }
    }

    @Test func `holds for services that are not attached`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; cat > compose.yaml <<'END'
                services:
                  a: {image: busybox, attach: false, command: echo from a}
                  b: {image: busybox, command: echo from b, depends_on: [a]}
                END
                export COMPOSE_PROGRESS=quiet
                wharf up --no-color a; wharf up --no-color b; wharf up --no-color --no-attach b
                """
            )
            #expect(
                transcript == """
                    Attaching to a-1
                    a-1  | from a
                    a-1 exited with code 0
                    Attaching to b-1
                    b-1  | from b
                    b-1 exited with code 0

                    """
            )
        }
    }

    @Test func `holds for what nobody waits for, and what nobody has any more`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; export COMPOSE_PROGRESS=quiet
                # Once the name is gone the container has ended.
                cat > compose.yaml <<'END'
                services:
                  a: {image: busybox, init: true, command: sleep 1000000, healthcheck: {test: "! ping -c 1 once", interval: 100ms, retries: 1000}}
                  once: {image: busybox, command: "true"}
                END
                wharf --progress plain up --wait 2>&1 | grep ^error; wharf ps -a --format '{{.Name}} {{.State}}'; try wharf up -d
                sed -i '/once:/d' compose.yaml
                try env COMPOSE_IGNORE_ORPHANS=1 wharf up -d --remove-orphans
                try env COMPOSE_IGNORE_ORPHANS=1 COMPOSE_REMOVE_ORPHANS=1 wharf up -d
                COMPOSE_IGNORE_ORPHANS=1 COMPOSE_REMOVE_ORPHANS=1 wharf create; wharf ps -a --format '{{.Name}}'
                COMPOSE_REMOVE_ORPHANS=1 wharf up -d; wharf ps -a --format '{{.Name}}'
                """
            )
            #expect(
                transcript == """
                    error: container shop-once-1 exited (0) right after its start
                    shop-a-1 running
                    shop-once-1 exited
                    [0]
                    error: cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans
                    [1]
                    error: cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans
                    [1]
                    shop-a-1
                    shop-once-1
                    shop-a-1

                    """
            )
        }
    }

    @Test func `holds for folders of configs and secrets`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir -p shop/keys shop/conf; cd shop; echo key > keys/one; echo 1 > conf/a; export COMPOSE_PROGRESS=quiet
                cat > compose.yaml <<'END'
                services:
                  a:
                    image: busybox
                    command: sh -c 'cat /run/secrets/keys/one /etc/conf/a; echo x > /etc/conf/b'
                    secrets: [keys]
                    configs: [{source: conf, target: /etc/conf, mode: 0400}]
                secrets: {keys: {file: ./keys}}
                configs: {conf: {file: ./conf}}
                END
                try wharf run --name one a
                c inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}}{{println}}{{end}}' one | sort
                """
            )
            #expect(
                transcript == """
                    key
                    1
                    sh: can't create /etc/conf/b: Read-only file system
                    [1]

                    bind /etc/conf false
                    bind /run/secrets/keys false

                    """
            )
        }
    }

    @Test func `holds for images that others use, and their containers`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; printf 'FROM busybox\nCMD ["sleep", "1000000"]\n' > Dockerfile
                echo 'services: {a: {build: ., init: true}}' > compose.yaml
                wharf --progress quiet up -d; c run -d --init --name stranger shop-a | wc -l
                wharf ps --format '{{.Name}}'; wharf --progress plain down --rmi all 2>&1 | grep Image
                c ls --format '{{.Names}}'; c rm -f stranger; wharf --progress plain down --rmi all 2>&1 | grep Image
                """
            )
            #expect(
                transcript == """
                    1
                    shop-a-1
                     Image shop-a:latest  Removing
                     Image shop-a:latest  Resource is still in use
                    stranger
                    stranger
                     Image shop-a:latest  Removing
                     Image shop-a:latest  Removed

                    """
            )
        }
    }

    @Test func `holds for small things`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                mkdir shop; cd shop; export COMPOSE_PROGRESS=quiet; echo 'FILE=of the file' > .env
                cat > compose.yaml <<'END'
                services:
                  a: {image: busybox, init: true, command: sleep 1000000, environment: {A: own}, deploy: {replicas: 2, labels: {x: y}}}
                END
                wharf run --rm -e A -e FILE a sh -c 'echo $A, $FILE'
                wharf ps --services | wc -l; wharf rm -f; begin=$(date +%s.%N)
                wharf --progress plain up -d 2>&1 | grep -c endpoint_mode; wharf --progress plain up -d --force-recreate 2>&1 | grep -c deploy.labels
                wharf restart -t 0 a; wharf stop -t 0; wharf rm -f; end=$(date +%s.%N)
                wharf events --json --since $begin --until $end | grep -c '"action":"restart"'
                wharf --compatibility up -d; wharf ps --format '{{.Name}} {{.Networks}}'; wharf up -d; wharf ps --format '{{.Name}}'
                wharf --compatibility config | grep -c default
                """
            )
            #expect(
                transcript == """
                    own, of the file
                    1
                    No stopped containers
                    0
                    1
                    Going to remove shop-a-1, shop-a-2
                    2
                    shop_a_1 shop_default
                    shop_a_2 shop_default
                    shop_a_1
                    shop_a_2
                    0

                    """
            )
        }
    }
}
