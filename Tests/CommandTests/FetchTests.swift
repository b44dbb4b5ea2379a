// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Builds of what is elsewhere, with servers in the network of the test.
@Suite struct `A build fetches` {
    /// Words of scripts: `serve` gives the folder `www` by HTTP, and tells the file `requests` what was asked for.
    private static let words = #"""
        mkdir www; site=http://127.0.0.1:8000
        serve() {
            exec 7< <(cd www && exec python3 -u -m http.server --bind 127.0.0.1 8000 2>&1)
            servers="$servers $!"; trap 'kill $servers' EXIT
            grep -q -m 1 Serving <&7
            cat <&7 > requests &
        }
        build() { wharf build --network none -t app "$@" . 2>&1; }
        # A repository with a folder, a submodule-free history of two commits, a tag and a branch.
        repository() {
            export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e
            git init -q -b main work; cd work
            mkdir app; printf 'FROM busybox\nCOPY . /src\nRUN cat /src/f\n' > app/Dockerfile; echo one > app/f; echo top > top
            git add .; git commit -q -m one; git tag v1; first=$(git rev-parse HEAD)
            echo two > app/f; git commit -q -a -m two; git branch other; second=$(git rev-parse HEAD)
            cd ..; git clone -q --bare work www/repo.git; git -C www/repo.git update-server-info
        }

        """#

    @Test func `files of addresses, once as long as they stay the same`() async throws {
        try await Installation.with { host in
            try host.scratch.write(
                "app/Dockerfile",
                """
                FROM busybox
                ARG SUM
                ADD http://127.0.0.1:8000/f /one/
                ADD --chmod=755 --chown=1:2 --checksum=$SUM http://127.0.0.1:8000/f /two
                ADD http://127.0.0.1:8000/a.tgz /plain/
                ADD --unpack=true http://127.0.0.1:8000/a.tgz /unpacked/

                """
            )
            let transcript = try await host.transcript(
                Self.words + #"""
                    echo content > www/f; touch -d 2020-01-02T03:04:05Z www/f; tar -C www -czf www/a.tgz f; serve; cd app
                    sum=sha256:$(sha256sum < ../www/f | cut -d' ' -f1)
                    build --build-arg SUM=$sum | tail -n 1
                    run app stat -c '%a %u:%g %Y %n' /one/f /two; run app cat /two /unpacked/f; run app ls /plain
                    asked() { grep -cE "GET /f .* $1" ../requests; }
                    asked 200; build --build-arg SUM=$sum | grep -c CACHED; asked 200; [ $(asked 304) -gt 0 ] && echo asked
                    echo other > ../www/f; build --build-arg SUM=sha256:$(sha256sum < ../www/f | cut -d' ' -f1) | grep -c CACHED
                    run app cat /one/f
                    build --build-arg SUM=$sum | tail -n 1 | sed -E 's/[0-9a-f]{64}/DIGITS/g'
                    printf 'FROM scratch\nADD http://127.0.0.1:8000/none /\n' > Dockerfile; build | tail -n 1 | cut -d: -f1-5
                    """#
            )
            #expect(
                transcript == """
                    => named app:latest
                    600 0:0 1577934245 /one/f
                    755 1:2 1577934245 /two
                    content
                    content
                    a.tgz
                    1
                    4
                    1
                    asked
                    0
                    other
                    error: Dockerfile:4: http://127.0.0.1:8000/f: digest mismatch sha256: http://127.0.0.1:8000/f has the checksum sha256:DIGITS, and --checksum=sha256:DIGITS is wanted
                    error: Dockerfile:2: http://127.0.0.1

                    """
            )
        }
    }

    @Test(arguments: ["http://127.0.0.1:8000/repo.git", "git://127.0.0.1/repo.git"])
    func `repositories of git`(repository: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + "repository; url=\(repository)\n" + #"""
                    serve
                    exec 8< <(exec git daemon --verbose --listen=127.0.0.1 --base-path=www --export-all www 2>&1)
                    servers="$servers $!"; grep -q -m 1 Ready <&8; cat <&8 > daemon &
                    # What a user has in his configuration is none of a build's concern.
                    export HOME=$PWD; mkdir hooks; printf '#!/bin/sh\ntouch %s/hooked\n' $PWD > hooks/post-checkout; chmod +x hooks/*
                    git config --global core.hooksPath $PWD/hooks
                    wharf build -q --network none -t context "$url#:app" | grep -c sha256; run context cat /src/f
                    wharf build -q --network none -t context "$url#v1:app" > /dev/null; run context cat /src/f
                    wharf build -q --network none -t context "$url?ref=$first&subdir=app" > /dev/null; run context cat /src/f
                    mkdir here; cd here
                    cat > Dockerfile <<END
                    FROM busybox
                    ADD $url#other /all
                    ADD --keep-git-dir=true --checksum=$second $url /kept
                    COPY --from=more f /more
                    END
                    build --build-context more="$url#v1:app" | tail -n 1
                    run app cat /all/app/f /more; run app sh -c 'ls -d /all/.git /kept/.git 2>/dev/null; stat -c %a /all/top'
                    sed -i s/$second/$first/ Dockerfile; build --build-context more="$url#v1:app" | grep -o 'expected the commit'
                    try wharf build -q "$url#none" 2>&1 | grep -oE 'git cannot fetch .none. of'
                    try wharf build -q "$url#:nothing" 2>&1 | grep -oE 'has no folder .nothing.'
                    ls ../hooked 2> /dev/null; ls $WHARF_ROOT/builds | wc -l
                    """#
            )
            #expect(
                transcript == """
                    1
                    two
                    one
                    one
                    => named app:latest
                    two
                    one
                    /kept/.git
                    644
                    expected the commit
                    git cannot fetch `none` of
                    has no folder `nothing`
                    0

                    """
            )
        }
    }

    /// Words of scripts: `daemon` gives the repositories in `www`; `asked` says what it was asked for since the last time.
    private static let daemon = #"""
        daemon() {
            : > packets
            exec 8< <(GIT_TRACE_PACKET=$PWD/packets exec git daemon --listen=127.0.0.1 --base-path=www --export-all \
                --verbose --reuseaddr www 2>&1)
            servers="$servers $!"; trap 'kill $servers' EXIT; grep -q -m 1 Ready <&8; cat <&8 > daemon &
        }
        asked() {
            echo "$(grep -c 'upload-pack< command=ls-refs' packets) lists, $(grep -c 'upload-pack< command=fetch' packets) packs"
            : > packets
        }
        # Builds of a context, and says what is in it.
        context() { wharf build -q --network none -t context "$1" > /dev/null && run context cat /src/f; }
        change() { (cd work; echo $1 > app/f; git commit -q -a -m $1; git push -q ../www/repo.git main); }
        copies=$WHARF_ROOT/fetched-repositories

        """#

    @Test func `of a repository of git only what is new`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + Self.daemon + #"""
                    repository; daemon; url=git://127.0.0.1/repo.git
                    context "$url#:app"; asked
                    context "$url#:app"; asked
                    context "$url?ref=$second&subdir=app"; asked
                    context "$url?ref=${second:0:10}&subdir=app"; asked
                    context "$url#v1:app"; asked
                    change three; context "$url#:app"; asked
                    context "$url?ref=$first&subdir=app"; asked
                    if wharf build -q "$url#none" > /dev/null 2>&1; then echo built; fi; asked
                    # Two at once, of which one fetches.
                    change four; context "$url#:app" > one & context "$url#main:app" > two; wait $!; cat one two; asked
                    # A git that was killed leaves locks and parts of packs.
                    copy=$(echo $copies/*/repository); for name in shallow.lock refs/wharf/incoming.lock objects/pack/tmp_x; do
                        : > $copy/$name
                    done
                    change five; context "$url#:app"; asked; context "$url?ref=$first&subdir=app"; asked
                    find $copies -name '*.lock' -o -name 'tmp*'
                    # A tag that is an object of its own, with the commit that is here.
                    (cd work; git tag -a -m tag v2; git push -q ../www/repo.git v2)
                    context "$url#v2:app"; asked; context "$url?tag=v2&subdir=app"; asked
                    # What has many commits is begun anew.
                    for number in {1..100}; do echo "create refs/kept/$number $second"; done | git --git-dir=$copy update-ref --stdin
                    change six; context "$url#:app"; asked; ls $(echo $copies/*/repository)/refs/kept | wc -l
                    """#
            )
            #expect(
                transcript == """
                    two
                    2 lists, 1 packs
                    two
                    1 lists, 0 packs
                    two
                    0 lists, 0 packs
                    two
                    1 lists, 0 packs
                    one
                    2 lists, 1 packs
                    three
                    2 lists, 1 packs
                    one
                    0 lists, 0 packs
                    1 lists, 0 packs
                    four
                    four
                    3 lists, 1 packs
                    five
                    2 lists, 1 packs
                    one
                    0 lists, 0 packs
                    five
                    2 lists, 1 packs
                    five
                    1 lists, 0 packs
                    six
                    2 lists, 1 packs
                    1

                    """
            )
        }
    }

    @Test func `a repository of plain files once as well`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + Self.daemon + #"""
                    repository; serve; url=$site/repo.git
                    objects() { grep -c 'GET /repo.git/objects/[0-9a-f][0-9a-f]/' requests; }
                    context "$url#:app"; number=$(objects); [ $number -gt 0 ] && echo fetched
                    context "$url#:app"; context "$url?ref=$first&subdir=app"; [ $(objects) = $number ] && echo kept
                    # What somebody known has fetched is not for others, and nobody is told who that was.
                    echo secret > token; ls $copies | wc -l
                    wharf build -q --secret id=GIT_AUTH_TOKEN,src=token "http://user:secret@127.0.0.1:8000/repo.git#:app" | wc -l
                    wharf build -q --secret id=GIT_AUTH_TOKEN,src=token "$url#:app" | wc -l; ls $copies | wc -l
                    wharf system df -v --format '{{range .BuildCache}}{{println .Description}}{{end}}' | grep http
                    grep -rl secret $copies
                    """#
            )
            #expect(
                transcript == """
                    two
                    fetched
                    two
                    one
                    kept
                    1
                    1
                    1
                    3
                    http://127.0.0.1:8000/repo.git
                    http://127.0.0.1:8000/repo.git
                    http://127.0.0.1:8000/repo.git

                    """
            )
        }
    }

    @Test func `a repository of git again where what was kept is broken, and keeps it until it is to go`() async throws
    {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + Self.daemon + #"""
                    repository; daemon; url=git://127.0.0.1/repo.git
                    built() { context "$url#:app"; asked | cut -d, -f2; }
                    built; copy=$(echo $copies/*/repository)
                    blob=$(git -C work rev-parse HEAD:app/f); rm -f $copy/objects/${blob:0:2}/${blob:2}; built
                    find $copy/objects -type f -delete; built
                    find $copy/objects -type f -exec sh -c 'chmod u+w $1; truncate -s 20 $1' sh {} \;; built
                    : > $copy/HEAD; built
                    : > $copies/*/record.json; built
                    rm -r $copy/refs; built
                    rm -r $copy; echo file > $copy; built
                    change three; built
                    # What stays is whole by itself.
                    mkdir here; printf "FROM scratch\nADD --keep-git-dir=true $url /\n" > here/Dockerfile
                    wharf build -q -o type=local,dest=out here > /dev/null; asked
                    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
                    git -C out fsck 2>&1; git -C out status --short; git -C out log --format=%s; git -C out remote get-url origin
                    kept() { wharf system df -v --format '{{range .BuildCache}}{{.CacheType}} {{.InUse}} {{end}}' | grep -o 'source[^ ]* false'; }
                    # What a build has at the moment stays.
                    mkfifo go; exec 9< <(python3 -u -c '
                    import socket
                    server = socket.create_server(("127.0.0.1", 9419)); print("ready")
                    client = server.accept()[0]; print("asked"); open("go").read()
                    '); read -u 9 word
                    wharf build -q git://127.0.0.1:9419/held.git > held 2>&1 & building=$!; read -u 9 word; echo $word
                    wharf system df -v --format '{{range .BuildCache}}{{.CacheType}} {{.InUse}} {{end}}' | grep -o 'source[^ ]* true'
                    wharf builder prune -af > /dev/null; ls $copies | wc -l; echo > go; wait $building || grep -o 'git cannot fetch .HEAD.' held
                    wharf builder prune -af > /dev/null; context "$url#:app"; asked > said
                    kept; wharf builder prune -f > /dev/null; kept; ls $copies | wc -l
                    wharf builder prune -af > /dev/null; kept; ls $copies | wc -l
                    built
                    """#
            )
            #expect(
                transcript == """
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    two
                     1 packs
                    three
                     1 packs
                    1 lists, 0 packs
                    three
                    git://127.0.0.1/repo.git
                    asked
                    source.git.checkout true
                    1
                    git cannot fetch `HEAD`
                    three
                    source.git.checkout false
                    source.git.checkout false
                    1
                    0
                    three
                     1 packs

                    """
            )
        }
    }

    @Test func `nothing of a repository that wants more than that`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + Self.daemon + #"""
                    repository; daemon; url=git://127.0.0.1/repo.git
                    printf '#!/bin/sh\ntouch %s/owned\n' $PWD > evil; chmod +x evil
                    for address in "$url#--upload-pack=$PWD/evil" "$url?ref=--upload-pack=$PWD/evil" "$url#refs/heads/*" \
                        "ext::$PWD/evil.git" "ssh://-oProxyCommand=$PWD/evil/repo.git" "git@-oProxyCommand=$PWD/evil:repo.git" \
                        "file://$PWD/www/repo.git" "$PWD/www/repo.git"; do
                        printf 'FROM scratch\nADD %s /\n' "$address" > Dockerfile
                        wharf build -q --build-context more="$address" . > said 2>&1 && grep -c . said
                        wharf build -q "$address" > said 2>&1 && grep -c . said
                    done
                    # What submodules say is not to be run either.
                    submodule() {
                        (cd work; git config -f .gitmodules submodule.s.path s; git config -f .gitmodules submodule.s.url "$1"
                        git config -f .gitmodules submodule.s.update "$2"; git add .gitmodules
                        git update-index --add --cacheinfo 160000,$first,s
                        git commit -q -m module; git push -q ../www/repo.git main)
                        wharf build -q "$url#:app" > said 2>&1 || grep -oE 'ext. not allowed|file. not allowed|not allowed|invalid value|strange' said | head -n 1
                    }
                    submodule "ext::$PWD/evil" checkout; submodule "file://$PWD/www/repo.git" checkout; submodule "$url" "!$PWD/evil"
                    submodule "--upload-pack=$PWD/evil" checkout
                    ls owned 2> /dev/null; ls $WHARF_ROOT/builds | wc -l
                    """#
            )
            #expect(transcript == "ext' not allowed\nfile' not allowed\ninvalid value\n0\n")
        }
    }

    @Test func `contexts that are archives or Dockerfiles, and layouts of images`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + #"""
                    mkdir app; printf 'FROM busybox\nCOPY f /f\n' > app/Dockerfile; echo content > app/f
                    tar -C app -czf www/app.tgz .; printf 'FROM busybox\nRUN echo alone > /f\n' > www/Dockerfile; serve
                    wharf build -q -t one $site/app.tgz > /dev/null; run one cat /f
                    wharf build -q --network none -t two $site/Dockerfile > /dev/null; run two cat /f
                    wharf build -q -t three --build-context more=$site/app.tgz -f - . > /dev/null <<< $'FROM busybox\nCOPY --from=more f /f'
                    run three cat /f
                    wharf build -q -t three --build-context more=$site/Dockerfile -f - . 2>&1 <<< $'FROM busybox\nCOPY --from=more f /f'
                    printf 'FROM busybox\nENV KEPT=yes\nCOPY f /f\n' > app/Dockerfile
                    wharf build -q -t layer:1 -o type=oci,dest=out.tar app > /dev/null; mkdir layout; tar -C layout -xf out.tar; rm out.tar
                    wharf image rm layer:1 > /dev/null
                    printf 'FROM base\nRUN echo $KEPT > /kept\nCOPY --from=base /f /g\nCOPY --from=busy /bin/true /h\n' > app/Dockerfile
                    uses() { wharf build -q --network none -t four --build-context busy=docker-image://busybox --build-context base=oci-layout://$1 app; }
                    uses layout > /dev/null; run four cat /kept /g
                    uses layout:1 > /dev/null && echo tagged; uses layout@$(grep -oE 'sha256:[0-9a-f]{64}' layout/index.json) > /dev/null && echo named
                    uses layout:2 2>&1 | sed "s,$PWD/,,g"; uses nowhere 2>&1 | sed "s,$PWD/,,g"
                    """#
            )
            #expect(
                transcript == """
                    content
                    alone
                    content
                    error: the context `more`: http://127.0.0.1:8000/Dockerfile is no archive
                    yes
                    content
                    tagged
                    named
                    error: the layout layout has no image with the tag `2`
                    error: cannot open the layout `nowhere`: openat2 nowhere: no such file or directory

                    """
            )
        }
    }
}
