// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What scripts with a registry have in common.
enum RegistryWords {
    /// Words of scripts: `serve [SETTINGS]` starts a registry, `$team` is a place in it, and `shop FILE` makes a project.
    static let serve = """
        team=127.0.0.1:5000/team
        serve() {
            cat > registry.yml <<END
        version: 0.1
        log: {level: info, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: $PWD/registry}, delete: {enabled: true}}
        http: {addr: "127.0.0.1:5000"}
        $*
        END
            exec 7< <(exec docker-registry serve registry.yml 2>&1)
            trap "kill $!" EXIT
            grep -q -m 1 'listening on' <&7
            cat <&7 > /dev/null &
        }
        shop() { mkdir -p shop; cat > shop/compose.yaml; cd shop; }
        states() { wharf ps -a --format '{{.Name}} {{.Image}} {{.State}}'; }

        """
}

/// Commands that pull and push, with Debian's registry in the network of the test.
@Suite struct `A registry` {
    @Test func `gives a project its images, and takes those that are pushed`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + """
                    serve
                    shop <<< "services: {web: {image: $team/app:1, command: sleep 1000}, job: {image: $team/app:1, command: 'true'}}"
                    wharf image tag busybox $team/app:1
                    wharf push -q; echo "[$?]"
                    wharf image push -q $team/app:1
                    wharf image rm busybox $team/app:1 > /dev/null; wharf image ls -q
                    wharf plan --exit-code > /dev/null; echo "[$?]"; wharf image ls -q
                    wharf up -d --wait 2>&1 | grep -c 'Image .*Pull'; states
                    wharf up -d 2>&1 | grep -c Pull
                    wharf pull -q; echo "[$?]"
                    wharf down 2> /dev/null
                    """
            )
            let app = "127.0.0.1:5000/team/app:1"
            #expect(
                transcript == """
                    [0]
                    \(app)
                    [2]
                    2
                    shop-job-1 \(app) exited
                    shop-web-1 \(app) running
                    0
                    [0]

                    """
            )
        }
    }

    @Test func `replaces what has a newer image where that is asked for`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + #"""
                    serve
                    shop <<< "services: {web: {image: $team/app, command: sleep 1000, environment: [A]}}"
                    publish() {
                        c create --name one --network none busybox true > /dev/null
                        c commit -c "ENV VERSION=$1" one $team/app > /dev/null; c rm one > /dev/null
                        wharf image push -q $team/app > /dev/null
                    }
                    version() { wharf exec -T web sh -c 'echo $VERSION'; }
                    publish 1; wharf up -d 2> /dev/null; version
                    # Somebody else publishes the next one.
                    id=$(wharf image inspect -f '{{.Id}}' $team/app); publish 2; wharf image tag $id $team/app
                    wharf up -d 2> /dev/null; version
                    wharf up -d --pull never 2> /dev/null; version
                    wharf up -d --pull always --quiet-pull 2> /dev/null; version
                    publish 3; wharf image tag $id $team/app; wharf pull -q; wharf up -d 2> /dev/null; version
                    publish 4; wharf image tag $id $team/app; wharf up -d 2> /dev/null; version
                    sed -i 's/A\]/A], pull_policy: weekly/' compose.yaml; wharf up -d 2> /dev/null; version
                    sed -i 's/weekly/every_0s/' compose.yaml; wharf up -d 2> /dev/null; version
                    wharf down 2> /dev/null
                    """#
            )
            #expect(transcript == "1\n1\n1\n2\n3\n1\n1\n4\n")
        }
    }

    @Test func `gives builds their base images, and takes what they make`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + #"""
                    serve
                    publish() {
                        printf 'FROM busybox\nRUN echo %s > /base' $1 > base/Dockerfile
                        wharf build -q -t $team/base --push base > /dev/null
                    }
                    mkdir base made; printf 'FROM %s\nRUN cat /base > /made' $team/base > made/Dockerfile
                    build() { wharf build -q -t $team/made "$@" made > /dev/null; c rm -f one 2> /dev/null; run $team/made cat /made; }
                    publish 1; old=$(wharf image inspect -f '{{.Id}}' $team/base); wharf image rm -f $team/base > /dev/null
                    build
                    publish 2; wharf image tag $old $team/base
                    build; build --pull
                    wharf image push -q $team/made > /dev/null; wharf image rm -f $team/made > /dev/null; run $team/made cat /made 2> /dev/null
                    shop <<< "services: {web: {build: ../made, image: $team/web}}"
                    wharf build -q --push > /dev/null 2>&1; wharf image rm -f $team/web > /dev/null; wharf image pull -q $team/web
                    """#
            )
            #expect(transcript == "1\n1\n2\n2\n127.0.0.1:5000/team/web:latest\n")
        }
    }

    @Test func `that does not have an image is told, and nothing is made`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + """
                    serve
                    shop <<< "services: {web: {image: $team/none:1}, db: {image: busybox, command: sleep 1000}}"
                    wharf up -d 2>&1 | tail -1; echo "[${PIPESTATUS[0]}]"; states; wharf network ls -q --filter name=shop_
                    wharf pull --ignore-pull-failures > /dev/null 2>&1; echo "[$?]"
                    sed -i 's/none:1/none:1, pull_policy: never/' compose.yaml; wharf up -d 2>&1 | head -1
                    wharf image pull 127.0.0.1:5001/a 2>&1 | tail -1
                    wharf image pull $team/a@sha256:12 2>&1 | tail -1
                    """
            )
            let lines = transcript.split(separator: "\n")
            try #require(lines.count == 6, "\(transcript)")
            #expect(lines[0].hasPrefix("error: ") && lines[0].contains("127.0.0.1:5000/team/none:1"), "\(lines[0])")
            #expect(lines[1...2] == ["[1]", "[0]"])
            #expect(lines[3].contains("127.0.0.1:5000/team/none:1"))
            #expect(lines[4].contains("cannot reach 127.0.0.1:5001: connection refused"))
            #expect(lines[5].contains("sha256:12"))
        }
    }

    @Test func `with passwords lets those in who have logged in`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                RegistryWords.serve + #"""
                    htpasswd -Bbn user secret > passwords
                    serve "auth: {htpasswd: {realm: test, path: $PWD/passwords}}"
                    wharf image tag busybox $team/app
                    login() { wharf login -u user --password-stdin 127.0.0.1:5000 2> /dev/null; echo "[$?]"; }
                    push() { wharf image push -q $team/app > /dev/null 2> errors; echo "[$?]"; }
                    push; tail -1 errors
                    login <<< wrong; push; ls .docker 2> /dev/null
                    login <<< secret; push; stat -c %a .docker/config.json
                    wharf logout 127.0.0.1:5000; push
                    # A program keeps it.
                    mkdir -p bin; cat > bin/docker-credential-file <<'END'
                    #!/bin/sh
                    case $1 in
                        store) cat > kept ;;
                        get) cat > /dev/null; [ -f kept ] && cat kept || { echo credentials not found in native keychain; exit 1; } ;;
                        erase) cat > /dev/null; rm -f kept ;;
                    esac
                    END
                    chmod +x bin/docker-credential-file; PATH=$PWD/bin:$PATH
                    echo '{"credsStore": "file", "other": 1}' > .docker/config.json
                    login <<< secret; push; grep -c secret .docker/config.json; grep -c other .docker/config.json
                    wharf logout 127.0.0.1:5000; push; ls kept 2> /dev/null
                    """#
            )
            let lines = transcript.split(separator: "\n")
            try #require(lines.count == 17, "\(transcript)")
            #expect(lines[0] == "[1]" && lines[1].contains("127.0.0.1:5000"), "\(lines[1])")
            #expect(
                lines[2...] == [
                    "[1]", "[1]", "Login Succeeded", "[0]", "[0]", "600",
                    "Removing login credentials for 127.0.0.1:5000", "[1]",
                    "Login Succeeded", "[0]", "[0]", "0", "1", "Removing login credentials for 127.0.0.1:5000", "[1]",
                ]
            )
        }
    }
}
