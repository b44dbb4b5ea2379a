// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A container` {
    @Test(arguments: EngineKind.allCases)
    func `is listed, changed, stopped and removed`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                id=$(c run -d --name one --label kind=test --network none busybox sleep 1000)
                test "$(c ls -q)" = ${id:0:12} && c ls -q --no-trunc | grep -c $id
                c ls --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'
                c ls -aq --filter label=kind=other; c ls --filter name=on --format '{{.Names}}'
                c top one -o args; c stats --no-stream --format '{{.Name}} {{.PIDs}}'
                c pause one; c ls --format '{{.State}}'; try c exec one true 2>&1 | sed s/$id/ID/; c unpause one
                c rename one two; c update --memory 64m two; c inspect -f '{{.HostConfig.Memory}} {{.Name}}' two
                try c exec two sh -c 'exit 3'; try c exec two sh -c 'kill -9 $$'; try c exec two nothing | tr -d '\r'; try c exec nothing true
                c stop two; c ls -a --format '{{.Status}}' | grep -o 'Exited (137)'
                c start two; c restart two; c kill two; c wait two; c rm two
                try c rm two; try c inspect two
                c create --name three --network none busybox true > id; c start three; c wait three; c prune -f | tail -1
                c ls -aq
                """
            )
            #expect(
                transcript == """
                    1
                    one busybox "sleep 1000" running
                    one
                    COMMAND
                    sleep 1000
                    one 1
                    one
                    paused
                    error: Container ID is paused, unpause the container before exec
                    [1]
                    one
                    two
                    67108864 /two
                    [3]
                    [137]
                    OCI runtime exec failed: exec failed: unable to start container process: exec: "nothing": executable file not found in $PATH: unknown
                    [127]
                    error: No such container: nothing
                    [1]
                    two
                    Exited (137)
                    two
                    two
                    two
                    137
                    two
                    error: No such container: two
                    [1]
                    error: No such container: two
                    []
                    [1]
                    three
                    0
                    Total reclaimed space: 0B

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that takes the signal is stopped by it, and one that ignores it in the end`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                loop='echo begun; while :; do sleep 0.1; done'
                begin() { c run -d --name $1 --network none busybox sh -c "$2; $loop" > id; lines 1 wharf container logs -f $1 > line; }
                begin one 'trap "exit 9" TERM'; c stop one; c wait one
                begin two 'trap : TERM'; c stop -t 0 two; c wait two
                begin three 'trap "exit 8" USR1'; c stop -s USR1 three; c wait three
                begin four 'trap "exit 7" HUP'; c kill -s HUP four; c wait four
                """
            )
            #expect(transcript == "one\n9\ntwo\n137\nthree\n8\nfour\n7\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `gives and takes files`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                mkdir -p source/folder mounted target; echo content > source/file; chmod 640 source/file
                ln -s file source/link; echo deep > source/folder/deep
                c run -d --name one --network none -v $PWD/mounted:/m -v $PWD/mounted:/ro:ro busybox sleep 1000 > id
                c cp source one:/tmp/; c exec one sh -c 'cd /tmp/source; stat -c "%n %F %a" file; readlink link; cat folder/deep'
                c cp source/. one:/root; c exec one ls /root
                c cp -L source/link one:/tmp/followed; c exec one stat -c %F /tmp/followed
                c cp source/file one:/m/given; cat mounted/given
                try c cp source/file one:/ro/given
                try c cp source/file one:/nothing/given
                try c cp one:/nothing target
                tar -C source -c folder | c cp - one:/var 2>&1 | grep -o 'can be unpacked into a folder only'
                tar -C source -c folder | c cp - one:/tmp; c exec one cat /tmp/folder/deep
                c cp one:/tmp/source - | tar t | sort | xargs
                c stop one
                c cp one:/tmp/source target; readlink target/source/link; c cp target/source/file one:/tmp/late
                c diff one | grep -E '^. /(tmp|root)/[a-z]*$' | xargs
                c export one | tar t | grep -cE '^tmp/(late|followed|source/link)$'
                """
            )
            #expect(
                transcript == """
                    file regular file 640
                    file
                    deep
                    file
                    folder
                    link
                    regular file
                    content
                    error: mounted volume is marked read-only
                    [1]
                    error: Could not find the file /nothing in container one
                    [1]
                    error: Could not find the file /nothing in container one
                    [1]
                    can be unpacked into a folder only
                    deep
                    source/ source/file source/folder/ source/folder/deep source/link
                    one
                    file
                    A /root/file A /root/folder A /root/link A /tmp/folder A /tmp/followed A /tmp/late A /tmp/source
                    3

                    """
            )
        }
    }
}

@Suite struct `An image` {
    @Test func `is named, saved, loaded and removed`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                wharf image tag busybox other:1; wharf image save -o saved.tar other:1; wharf image rm other:1
                try wharf image load -i saved.tar
                wharf image ls --format '{{.Repository}}:{{.Tag}}' | sort
                test $(wharf image ls -q busybox) = $(wharf image inspect -f '{{.Id}}' busybox | cut -c8-19) && echo same
                wharf image history -q busybox | wc -l
                try wharf image rm nothing; try wharf image inspect nothing
                head -c 5000 saved.tar > cut.tar; wharf image load -i cut.tar > output 2>&1; echo $?
                echo no archive | wharf image load > output 2>&1; echo $?
                wharf image rm other:1; c create --name one --network none busybox true > id
                wharf image rm busybox > output 2>&1; echo $?; c rm one
                wharf image prune -f | tail -1; run busybox echo still
                wharf doctor > output; echo $?; wharf engine status | grep -o '0 of them running'
                """
            )
            #expect(
                transcript == """
                    Untagged: other:1
                    Loaded image: other:1
                    [0]
                    busybox:latest
                    other:1
                    same
                    1
                    error: No such image: nothing:latest
                    [1]
                    error: No such image: nothing:latest
                    []
                    [1]
                    1
                    1
                    Untagged: other:1
                    1
                    one
                    Total reclaimed space: 0B
                    still
                    0
                    0 of them running

                    """
            )
        }
    }
}
