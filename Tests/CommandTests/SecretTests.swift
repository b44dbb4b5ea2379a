// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Configs and secrets by a command` {
    @Test(arguments: EngineKind.allCases) func `are given to a container`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                printf 'of a file\\n' > file; export TOKEN=of-here
                run --secret source=file --secret environment=TOKEN,target=token,uid=1000,gid=50,mode=0440 \\
                    --config src=$PWD/file,target=/etc/app.conf,mode=755 --config source=file busybox sh -c '
                        cat /run/secrets/file /etc/app.conf /file; cat /run/secrets/token; echo
                        stat -c "%n %u:%g %a" /run/secrets/* /etc/app.conf /file; echo x > /file'
                export OTHER=not-told
                c create --name one --network none --secret environment=OTHER busybox cat /run/secrets/OTHER > id
                c inspect -f '{{range .HostConfig.XWharfFiles}}{{.Target}} {{.UID}}:{{.GID}} {{.Kind}}{{end}}' one
                c inspect one | grep -c not-told; grep -rlF not-told "$WHARF_ROOT" --exclude-dir files
                c start -a one; echo; c rm one
                run --secret source=missing busybox true 2>&1 | sed "s|$PWD|PWD|"
                run --secret environment=NOTHING busybox true 2>&1 | grep ^error
                run --config target=/x busybox true 2>&1 | grep ^error
                run --config source=file,mode=9 busybox true 2>&1 | grep ^error
                run --config source=file,other=9 busybox true 2>&1 | grep ^error
                wharf container run --help | grep -A1 -E -- '--(secret|config) ' | tr -s ' \\n' ' ' | grep -o "wharf's own" | wc -l
                """
            )
            #expect(
                transcript == """
                    of a file
                    of a file
                    of a file
                    of-here
                    /run/secrets/file 0:0 444
                    /run/secrets/token 1000:50 440
                    /etc/app.conf 0:0 755
                    /file 0:0 444
                    sh: can't create /file: Read-only file system
                    /run/secrets/OTHER 0:0 secret
                    0
                    not-told
                    one
                    error: cannot read the secret /run/secrets/missing: its source PWD/missing does not exist; make it, or name another file
                    error: `--secret` must be the name of a variable that is set; `NOTHING` is not, not `environment=NOTHING`
                    error: `--config` must be either a `source` or an `environment`, not `target=/x`
                    error: `--config` must be `KEY=VALUE` pairs; `mode` is an octal number such as 0400, not `source=file,mode=9`
                    error: `--config` must be `KEY=VALUE` pairs; there is no key `other`, not `source=file,other=9`
                    2

                    """
            )
        }
    }
}
