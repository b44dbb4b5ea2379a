// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The commands that manage volumes: ours, and Docker's where the machine has it.
private let clients =
    ["wharf"] + (["/usr/local/bin/docker", "/usr/bin/docker"].contains(where: isExecutable) ? ["docker"] : [])

@Suite struct `Volumes by a command` {
    /// Short words for the client; what differs in how the two tell errors is taken away.
    private static func words(_ client: String) -> String {
        """
        v() { \(client) volume "$@" 2>&1 | sed -E 's/^(error|Error response from daemon): //'; }
        c() { \(client == "docker" ? "docker" : "wharf container") "$@" 2>&1 | sed -E 's/^(error|Error response from daemon): //'; }
        r() { c run --rm --network none "$@"; }

        """
    }

    @Test(arguments: clients) func `are made, shown and removed`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    v create --label tier=db data
                    v create data
                    v create -o type=tmpfs -o device=tmpfs -o o=size=1m memory
                    v create | grep -cE '^[0-9a-f]{64}$'
                    v ls --format '{{.Driver}} {{.Name}} {{.Labels}}' | grep -v anonymous
                    v ls -f name=dat
                    v ls -q -f label=tier=db
                    v ls -f dangling=false
                    v inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Mountpoint}} {{.Labels.tier}} {{.Options}}' data | sed "s|$WHARF_ROOT|ROOT|"
                    v inspect -f '{{json .Options}}' memory
                    v inspect missing | sort
                    v prune -f | sed -E 's/^[0-9a-f]{64}$/ANONYMOUS/'
                    v rm data memory; v rm data; v rm -f data
                    v create ../escape 2>&1 | grep -o 'includes invalid characters for a local volume name'
                    v create -o nonsense=1 x; v create -d other x 2>&1 | grep -o 'error looking up volume plugin other'
                    v create -o type=none -o device=/srv x 2>&1 | grep -o 'which is no file system; add `bind`'
                    v ls -q | wc -l
                    """
            )
            #expect(
                transcript == """
                    data
                    data
                    memory
                    1
                    local data tier=db
                    local memory 
                    DRIVER    VOLUME NAME
                    local     data
                    data
                    DRIVER    VOLUME NAME
                    data local local ROOT/volumes/data/_data db map[]
                    {"device":"tmpfs","o":"size=1m","type":"tmpfs"}
                    []
                    get missing: no such volume
                    Deleted Volumes:
                    ANONYMOUS

                    Total reclaimed space: 0B
                    data
                    memory
                    get data: no such volume
                    data
                    includes invalid characters for a local volume name
                    create x: invalid option: "nonsense"
                    error looking up volume plugin other
                    which is no file system; add `bind`
                    0

                    """
            )
        }
    }

    @Test(arguments: clients) func `are mounted in containers`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    r -v data:/d busybox sh -c 'echo kept > /d/file; mkdir /d/part; echo part > /d/part/file'
                    r --mount type=volume,src=data,dst=/d,readonly busybox sh -c 'cat /d/file; touch /d/x'
                    r --mount src=data,dst=/d,volume-subpath=part busybox cat /d/file
                    r -v /anonymous busybox ls -d /anonymous; v ls -q
                    c create --name user --network none -v data:/d:ro -v /a busybox cat /d/file | wc -l
                    c inspect -f '{{range .Mounts}}{{.Type}} {{if eq .Name "data"}}{{.Name}} {{end}}{{.Destination}} {{.Driver}} {{.Mode}} {{.RW}}
                    {{end}}' user | sort | grep .
                    c ps -a --filter volume=data --format '{{.Names}} {{.LocalVolumes}}'
                    v rm data | sed -E 's/[0-9a-f]{64}/ID/'
                    r --volumes-from user busybox sh -c 'cat /d/file; ls -d /a; touch /d/x'
                    r --volumes-from user:ro busybox touch /a/x
                    c start -a user; c rm -v user; v ls -q
                    r -v nothing/here:/d busybox true 2>&1 | grep -o 'includes invalid characters for a local volume name'
                    v rm data
                    """
            )
            #expect(
                transcript == """
                    kept
                    touch: /d/x: Read-only file system
                    part
                    /anonymous
                    data
                    1
                    volume /a local  true
                    volume data /d local ro false
                    user 2
                    remove data: volume is in use - [ID]
                    kept
                    /a
                    touch: /d/x: Read-only file system
                    touch: /a/x: Read-only file system
                    kept
                    user
                    data
                    includes invalid characters for a local volume name
                    data

                    """
            )
        }
    }

    @Test(arguments: clients) func `that take the place of a folder leave the files of the engine there`(
        client: String
    ) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    seen='grep -c localhost /etc/hosts; cat /etc/hostname; test -f /etc/resolv.conf; echo $?'
                    mkdir etc; echo own > etc/own; mkdir own; echo 127.0.0.1 mine > own/hosts
                    r -h me -v $PWD/etc:/etc busybox sh -c "$seen; cat /etc/own"
                    r -h me -v data:/etc:nocopy busybox sh -c "$seen"
                    r -h me -v data:/etc:ro busybox sh -c "$seen"
                    r -h me --tmpfs /etc busybox sh -c "$seen"
                    r -h me -v $PWD/etc:/etc -v $PWD/own/hosts:/etc/hosts busybox cat /etc/hosts /etc/hostname
                    r -v $PWD/etc:/etc/passwd busybox true | grep -o 'Are you trying to mount a directory onto a file'
                    """
            )
            #expect(
                transcript == """
                    2
                    me
                    0
                    own
                    2
                    me
                    0
                    2
                    me
                    0
                    2
                    me
                    0
                    127.0.0.1 mine
                    me
                    Are you trying to mount a directory onto a file

                    """
            )
        }
    }

    @Test(arguments: clients) func `tell what happens to them`(client: String) async throws {
        try await Installation.with { host in
            let events = client == "docker" ? "docker events" : "wharf engine events"
            let transcript = try await host.transcript(
                Self.words(client) + """
                    v create data > name; r -v data:/d busybox true; v rm data > name; v prune -f > name
                    \(events) --since 10m --until $(($(date +%s) + 1)) --filter type=volume --format '{{.Type}} {{.Action}} {{.Actor.ID}}'
                    """
            )
            #expect(
                transcript == """
                    volume create data
                    volume mount data
                    volume unmount data
                    volume destroy data
                    volume prune 

                    """
            )
        }
    }
}
