// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A watch` {
    /// Words for scripts that have a watch beside them, and the folder of a project `shop`.
    private static let words = #"""
        mkdir shop; cd shop
        begin() { coproc "$@" 2> errors; exec 5<&${COPROC[0]}; pid=$COPROC_PID; }
        # Reads up to lines that hold texts, each once, in any order.
        upto() {
            local line wanted=("$@") left text
            while [ ${#wanted[@]} -gt 0 ] && IFS= read -r line <&5; do
                left=()
                for text in "${wanted[@]}"; do
                    case "$line" in *"$text"*) line=;; *) left+=("$text");; esac
                done
                wanted=("${left[@]}")
            done
        }
        finish() { kill -TERM $pid; cat <&5; wait $pid; echo "[$?]"; wharf down -t 0 2> /dev/null; }

        """#

    /// A service whose rule `mark` tells when everything before it has been done.
    private static let marked =
        words + #"""
            # With the number of containers that run.
            mark() { echo "mark $1" > mark; local all=(); for ((i = 0; i < $2; i++)); do all+=("mark $1"); done; upto "${all[@]}"; }
            echo 0 > mark
            marking='- {path: mark, target: /tmp/mark, action: sync+exec, exec: {command: [cat, /tmp/mark]}}'

            """#

    @Test func `copies what changes into all containers, whether they run or not`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.marked + #"""
                    mkdir -p src/sub src/out; echo 1 > src/a; echo 1 > src/sub/b; echo x > src/out/c; echo 0 > src/z; ln -s z src/link
                    cat > compose.yaml <<END
                    services:
                      web:
                        image: busybox
                        network_mode: none
                        scale: 2
                        stop_grace_period: 0s
                        command: sleep 1000
                        develop:
                          watch:
                            - {path: src, target: /app/code, action: sync, ignore: [out, "*.log"], initial_sync: true}
                            - {path: one.conf, target: /etc/one.conf, action: sync}
                            $marking
                    END
                    show() {
                        for i in 1 2; do
                            c exec shop-web-$i sh -c 'cd /app/code; for f in $(find . -type f -o -type l | sort); do echo "$f $(cat $f)"; done' | xargs
                        done
                    }
                    begin wharf watch; upto 'Watch enabled'; cat errors | grep warning; show
                    echo 22 > src/a; mv src/sub src/moved; mkdir -p src/new/deep; echo 3 > src/new/deep/d; echo > src/x.log
                    echo > src/out/y; echo conf > one.conf; chmod 600 one.conf
                    mark 1 2; show; c exec shop-web-2 stat -c '%a %U %n' /etc/one.conf /app/code
                    rm -r src/moved src/a; echo new > one.tmp; mv one.tmp one.conf; mark 2 2; show; c exec shop-web-1 cat /etc/one.conf
                    rm one.conf; mark 3 2; c exec shop-web-1 test -e /etc/one.conf; echo $?
                    wharf stop --timeout 0 2> /dev/null; c start shop-web-1 > /dev/null
                    echo 5 > src/e; rm -r src/new; mark 4 1; c start shop-web-2 > /dev/null; show
                    finish
                    """#
            )
            #expect(
                transcript == """
                    warning: service "web": `\(host.scratch.path)/shop/one.conf` does not exist yet; it is waited for
                    ./a 1 ./link 0 ./sub/b 1 ./z 0
                    ./a 1 ./link 0 ./sub/b 1 ./z 0
                    ./a 22 ./link 0 ./moved/b 1 ./new/deep/d 3 ./z 0
                    ./a 22 ./link 0 ./moved/b 1 ./new/deep/d 3 ./z 0
                    600 root /etc/one.conf
                    755 root /app/code
                    ./link 0 ./new/deep/d 3 ./z 0
                    ./link 0 ./new/deep/d 3 ./z 0
                    new
                    1
                    ./e 5 ./link 0 ./z 0
                    ./e 5 ./link 0 ./z 0
                            ⦿ Watch disabled
                    [130]

                    """
            )
        }
    }

    @Test func `leaves alone what is mounted below a folder that is gone`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.marked + #"""
                    mkdir -p src/sub; echo 1 > src/sub/a; echo 1 > src/b
                    cat > compose.yaml <<END
                    services:
                      web:
                        image: busybox
                        network_mode: none
                        stop_grace_period: 0s
                        command: sleep 1000
                        volumes: ["data:/app/sub/data"]
                        develop:
                          watch:
                            - {path: src, target: /app, action: sync, initial_sync: true}
                            $marking
                    volumes: {data: {}}
                    END
                    begin wharf watch; upto 'Watch enabled'; c exec shop-web-1 touch /app/sub/data/kept
                    mv src/sub ../gone; upto 'Syncing'; until grep -q mounted errors; do :; done
                    rm src/b; mark 1 1; c exec shop-web-1 find /app -mindepth 1 | sort; grep -c ' /app/sub/data ' <(c exec shop-web-1 cat /proc/mounts)
                    grep -o 'warning.*' errors | sort -u; finish
                    """#
            )
            let warning =
                "warning: cannot sync `\(host.scratch.path)/shop/src` to shop-web-1: cannot remove /app/sub of container ID: "
                + "something is mounted there or below it, which stays; nothing was removed"
            let lines = transcript.split(separator: "\n").map { line in
                line.split(separator: " ").map { $0.count == 65 && $0.hasSuffix(":") ? "ID:" : $0 }.joined(
                    separator: " "
                )
            }
            #expect(
                lines == [
                    "/app/sub", "/app/sub/a", "/app/sub/data", "/app/sub/data/kept", "1", warning, "⦿ Watch disabled",
                    "[130]",
                ]
            )
        }
    }

    @Test func `says what Docker Compose says, and gives files to the user of the container`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + #"""
                    mkdir web job; echo 1 > web/index
                    cat > compose.yaml <<END
                    services:
                      web:
                        image: busybox
                        user: web
                        read_only: true
                        network_mode: none
                        stop_grace_period: 0s
                        command: sleep 1000
                        volumes: ["site:/srv"]
                        develop:
                          watch:
                            - path: web
                              target: /srv/site
                              action: sync+exec
                              include: "*.html"
                              exec: {command: [sh, -c, 'stat -c "%n %U %a" /srv/site/*; echo \$\$A >&2; exit 3'], environment: {A: b}}
                      job: {image: busybox, network_mode: none, stop_grace_period: 0s, command: sleep 1000, develop: {watch: [{path: job, action: restart}]}}
                    volumes: {site: {}}
                    END
                    wharf up -d 2> /dev/null
                    begin wharf watch --no-up
                    next() { IFS= read -r line <&5; echo "$line"; }
                    next; echo no > web/note; echo 2 > new; mv new web/x.html; next; next; next
                    started() { c inspect -f '{{.State.StartedAt}}' shop-job-1; }
                    before=$(started); mkdir job/new; next; [ "$before" != "$(started)" ] && echo again
                    finish; cat errors; wharf --dry-run watch --no-up
                    """#
            )
            #expect(
                transcript == """
                            ⦿ Watch enabled
                            ⦿ Syncing service "web" after 1 changes were detected
                    web-1 ->  | /srv/site/x.html web 644
                    web-1 ->  | b
                            ⦿ service(s) ["job"] restarted
                    again
                            ⦿ Watch disabled
                    [130]
                    warning: the command of `\(host.scratch.path)/shop/web` in shop-web-1 ended with status 3

                    """
            )
        }
    }

    @Test func `beside up goes on with the logs after a restart`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + #"""
                    mkdir conf
                    cat > compose.yaml <<END
                    services:
                      web:
                        image: busybox
                        network_mode: none
                        stop_grace_period: 0s
                        command: sh -c 'echo run; cat /conf/x 2> /dev/null; exec sleep 1000'
                        develop: {watch: [{path: conf, target: /conf, action: sync+restart}]}
                    END
                    begin wharf up --watch --abort-on-container-exit; upto 'web-1  | run' 'Watch enabled'
                    for i in 1 2 3; do
                        echo $i > new; mv new conf/x
                        upto 'Syncing service "web" after 1 changes were detected' 'service(s) ["web"] restarted' \
                            'web-1 exited with code 137 (restarting)' 'web-1  | run' "web-1  | $i"
                        echo "seen $i"
                    done
                    kill -TERM $pid; cat <&5 | sort; wait $pid; echo "[$?]"; wharf ps -a --format '{{.Names}} {{.State}}'; wharf down 2> /dev/null
                    # An end that nobody asked for is one as ever.
                    begin wharf up --watch --abort-on-container-exit; upto 'web-1  | run' 'Watch enabled'
                    c kill shop-web-1 > /dev/null; cat <&5 | sort; wait $pid; echo "[$?]"; wharf down 2> /dev/null
                    """#
            )
            #expect(
                transcript == """
                    seen 1
                    seen 2
                    seen 3
                            ⦿ Watch disabled
                    web-1 exited with code 137
                    [130]
                    shop-web-1 exited
                            ⦿ Watch disabled
                    web-1 exited with code 137
                    [137]

                    """
            )
        }
    }

    @Test(arguments: ["wharf watch --quiet", "wharf up --watch --quiet-build"])
    func `builds anew and replaces the containers`(command: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    begin() { coproc \(command) 2> errors; exec 5<&${COPROC[0]}; pid=$COPROC_PID; }

                    """ + #"""
                        mkdir src; echo 1 > src/a; echo 1 > conf; echo '**/*.log' > .dockerignore
                        printf 'FROM busybox\nCOPY src /src\nRUN ! grep bad /src/a\n' > Dockerfile
                        cat > compose.yaml <<END
                        services:
                          web:
                            build: {context: ., network: none}
                            network_mode: none
                            stop_grace_period: 0s
                            scale: 2
                            command: sh -c 'echo runs \$\$(cat /src/a); exec sleep 1000'
                            develop:
                              watch:
                                - {path: src, action: rebuild, ignore: ["*.log"]}
                                - {path: conf, target: /etc/conf, action: sync, initial_sync: true}
                          other: {image: busybox, network_mode: none, stop_grace_period: 0s, command: sleep 1000}
                        END
                        show() { for i in 1 2; do c exec shop-web-$i cat /src/a /etc/conf | xargs; done; }
                        other() { c inspect -f '{{.Id}}' shop-other-1; }
                        begin; upto 'Watch enabled'; show; before=$(other)
                        echo 2 > src/a; upto 'service(s) ["web"] recreated'
                        echo skipped > src/x.log; echo 2 > conf; upto 'Syncing service "web"'
                        touch src/a; upto 'the image is the same'; show
                        echo bad > src/a; until grep -o 'Build failed' errors; do :; done; show
                        echo 3 > src/a; upto 'service(s) ["web"] recreated'; echo 3 > src/a; upto 'the image is the same'; show
                        [ $(other) = $before ] && echo same; wharf image ls -a --format '{{.Repository}}' | sort
                        finish > rest; tail -n 1 rest
                        """#
            )
            #expect(
                transcript == """
                    1 1
                    1 1
                    2 2
                    2 2
                    Build failed
                    2 2
                    2 2
                    3 2
                    3 2
                    same
                    busybox
                    shop-web
                    [130]

                    """
            )
        }
    }

    @Test func `refuses what it cannot do`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + #"""
                    service() { echo "services: {web: {image: busybox, network_mode: none, command: sleep 1000, $1}}" > compose.yaml; }
                    service 'labels: {a: b}'; try wharf watch; try wharf up --watch
                    service 'develop: {watch: [{path: ., action: rebuild}]}'; try wharf watch
                    service 'develop: {watch: [{path: ., target: /x, action: sync, ignore: "[a"}]}'; try wharf watch
                    service 'volumes: [".:/code"], develop: {watch: [{path: ./a, target: /x, action: sync}, {path: /usr/share, target: /code/b, action: sync}]}'
                    try wharf watch
                    try wharf up -d --watch 2>&1 | head -1; try wharf up --no-build -w 2>&1 | head -1; try wharf watch other
                    mkdir a b; printf '*\n!keep\n' > .dockerignore; echo FROM busybox > Dockerfile
                    service 'build: ., develop: {watch: [{path: a, action: rebuild}, {path: b, target: /b, action: sync, initial_sync: true}, {path: keep, target: /keep, action: sync, initial_sync: true}]}'
                    echo 1 > b/file; echo 1 > keep
                    sed -i 's/image: busybox, //' compose.yaml
                    begin wharf watch; upto 'Watch enabled'; grep warning errors; c exec shop-web-1 ls -d /b/file /keep 2>&1 | sort -r
                    finish
                    """#
            )
            let shop = "\(host.scratch.path)/shop"
            let none = """
                error: none of the selected services is configured for watch, consider setting a 'develop' section
                [1]
                """
            #expect(
                transcript == """
                    \(none)
                    \(none)
                    error: can't watch service "web" with action rebuild without a build context
                    [1]
                    error: service "web": a rule of `develop.watch` for `\(shop)`: `[a` is no pattern: a `[` has no `]`
                    [1]
                    warning: path '\(shop)/a' also declared by a bind mount volume, this path won't be monitored!
                    warning: service "web": `/usr/share` is not synced to `/code/b`: the bind mount of `\(shop)` at `/code` covers that, and a copy would change the files of the host
                    \(none)
                    error: --detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch
                    error: --no-build and --watch are incompatible
                    error: no such service: other; there is: web
                    [1]
                    ls: /b/file: No such file or directory
                    /keep
                            ⦿ Watch disabled
                    [130]

                    """
            )
        }
    }
}
