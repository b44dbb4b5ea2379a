// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Docker's own command line, where the machine has it.
private let docker = ["/usr/local/bin/docker", "/usr/bin/docker"].first(where: isExecutable)

@Suite(.enabled(if: docker != nil, "there is no docker command on this machine"))
struct `Docker's client` {
    @Test(arguments: EngineKind.allCases)
    func `runs containers`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                r() { docker run --rm --network none "$@"; }
                try r busybox echo hi
                echo in | try r -i busybox cat
                try r busybox sh -c 'exit 4'
                r busybox nothing 2> errors; echo $?; grep -o 'exec: .*' errors
                r nothing 2> errors; echo $?
                docker create --name made --network none busybox echo made > id
                try docker start -a made
                docker rm made; docker ps -aq
                """
            )
            #expect(
                transcript == """
                    hi
                    [0]
                    in
                    [0]
                    [4]
                    127
                    exec: "nothing": executable file not found in $PATH: unknown
                    125
                    made
                    [0]
                    made

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does everything to a container that runs`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                id=$(docker run -d --name one --network none busybox sh -c 'echo begun; exec sleep 1000')
                docker ps --format '{{.Names}} {{.State}} {{.Image}} {{.Command}}'
                docker exec one echo further
                echo typed | docker exec -i one cat
                try docker exec one sh -c 'exit 6'
                docker logs one
                docker logs -t one | grep -cE '^20[0-9T:.-]+Z begun$'
                docker inspect -f '{{.State.Running}} {{.Config.Image}} {{.Name}}' one
                echo content > file; docker cp -q file one:/tmp/; docker cp -q one:/tmp/file back; cat back
                docker diff one
                docker stats --no-stream --format '{{.Name}} {{.PIDs}}'
                docker top one -o pid,args | tail -1 | grep -o sleep; docker export one > exported.tar
                docker pause one; docker unpause one
                docker rename one two
                docker update --memory 100m --memory-swap 200m two
                docker stop two; docker start two; docker restart -t 0 two; docker kill two; docker wait two
                docker rm -f two
                docker events --since 10m --until $(($(date +%s) + 1)) --filter type=container --format '{{.Action}}' | grep -v exec_ | xargs
                """
            )
            #expect(
                transcript == """
                    one running busybox "sh -c 'echo begun; …"
                    further
                    typed
                    [6]
                    begun
                    1
                    true busybox /one
                    content
                    C /tmp
                    A /tmp/file
                    one 1
                    sleep
                    one
                    one
                    two
                    two
                    two
                    two
                    two
                    137
                    two
                    create start extract-to-dir archive-path top export pause unpause rename update kill die stop start kill die stop start restart kill die destroy

                    """
            )
        }
    }

    @Test func `moves images`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                docker tag busybox other:1; docker save other:1 > saved.tar; docker rmi other:1
                docker load < saved.tar
                docker image ls --format '{{.Repository}}:{{.Tag}}' | sort
                docker import busybox.tar third:1 | grep -c sha256
                docker run --rm --network none third:1 echo ran
                docker version -f '{{.Server.APIVersion}}'
                """
            )
            #expect(
                transcript == """
                    Untagged: other:1
                    Loaded image: other:1
                    busybox:latest
                    other:1
                    1
                    ran
                    1.51

                    """
            )
        }
    }

    @Test func `mounts images and tells what takes room`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                docker create --name one --network none -v data:/d --mount type=image,source=busybox,target=/x,image-subpath=etc \\
                    busybox sh -c 'cat /x/passwd | head -1; head -c 1000 /dev/zero > /d/file' > id
                docker start -a one
                docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}' | sed -E 's/(Images 1 1) .*/\\1/'
                docker system df -v --format '{{json .Volumes}}' | grep -o '"Size":"[^"]*"'
                docker system df -v | grep -c busybox
                echo 'FROM busybox\nRUN echo built > /built' > Dockerfile; docker volume create unused
                wharf build -q . > id
                # Ages change meanwhile: what was the same before and after was so in between.
                df() { docker system df -v > theirs; wharf system df -v > ours; docker system df -v > after; }
                while df; ! cmp -s theirs after; do :; done; diff theirs ours && grep -c . ours
                wharf system df -v --format '{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}},{{end}}'
                wharf system df -v --format '{{nonsense}}'
                """
            )
            #expect(
                transcript == """
                    root:x:0:0:root:/root:/bin/sh
                    Images 1 1
                    Containers 1 0 0B
                    Local Volumes 1 1 1kB
                    Build Cache 0 0 0B
                    "Size":"1kB"
                    2
                    unused
                    15
                    data 1 1kB,unused 0 0B,
                    error: failed to use the template of `--format`: template: :1: function "nonsense" not defined

                    """
            )
        }
    }

    @Test func `attaches and keeps output apart`() async throws {
        try await Installation.with { host in
            let outcome = try await host.shell(
                """
                docker run -d -i --name one --network none busybox sh -c 'read x; echo "out $x"; echo "error $x" >&2; exit 3' > id
                echo word | docker attach one
                """
            )
            #expect(outcome.output == "out word\n")
            #expect(outcome.errors == "error word\n")
            #expect(outcome.end == .exit(3))
        }
    }
}

@Suite struct `Docker's library for Python` {
    @Test func `runs, logs and keeps the streams of further programs apart`() async throws {
        try await Installation.with { host in
            let there = try await host.shell("python3 -c 'import docker'")
            if there.end != .exit(0) { return }
            let output = try await host.succeed(
                """
                python3 - <<'END'
                import docker
                client = docker.from_env()
                print(client.containers.run('busybox', ['echo', 'hi'], network_mode='none', remove=True))
                one = client.containers.run('busybox', ['sh', '-c', 'echo begun; exec sleep 1000'], network_mode='none', detach=True)
                print(next(iter(one.logs(stream=True, follow=True))))
                code, (out, err) = one.exec_run(['sh', '-c', 'echo out; echo error >&2; exit 5'], demux=True)
                print(code, out, err)
                one.remove(force=True)
                print(len(client.containers.list(all=True)))
                END
                """
            )
            #expect(output == "b'hi\\n'\nb'begun\\n'\n5 b'out\\n' b'error\\n'\n0\n")
        }
    }
}
