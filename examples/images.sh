# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# To be sourced: images of servers, made of Debian's packages. Wants root, for mmdebstrap.

# The layers, and the packages in each. Those that others need come with them, unless the layer base has them.
image_layers=(
    "base: base-files bash busybox-static coreutils dash grep libc-bin perl-base sed"
    "nginx: nginx-light"
    "postgresql: postgresql"
    "python: python3 python3-psycopg2 python3-redis"
    "redis: redis-server"
)

# What no server needs here: PostgreSQL's compiler, and of Perl all but the base.
image_excludes=(
    '*/libLLVM*' '*/libz3*' '*/bitcode/*' '*/llvmjit*' './usr/lib/*/perl/*'
    ./usr/share/{doc,i18n,info,lintian,locale,man,mime,perl}'/*'
)

# What the scripts of the packages would do, and a layer's tar with its digest for each line "name: packages" of a file.
# Runs inside mmdebstrap, after it has unpacked all packages.
#
#     split_layers ROOT FILE FOLDER
split_layers() {
    local root=$1 name packages package directory
    local archives=$root/var/cache/apt/archives
    printf '%s\n' root:x:0:0::/root:/bin/sh www-data:x:33:33::/var/www:/bin/sh postgres:x:70:70::/var/lib/postgresql:/bin/sh \
        redis:x:71:71::/var/lib/redis:/bin/sh nobody:x:65534:65534::/:/bin/sh >"$root/etc/passwd"
    printf '%s\n' root:x:0: www-data:x:33: postgres:x:70: redis:x:71: nogroup:x:65534: >"$root/etc/group"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    install -d -o 70 -g 70 "$root/var/lib/postgresql"
    install -d -o 71 -g 71 "$root/var/lib/redis"
    # Debian's are links to a wrapper, which looks for clusters of Debian's own.
    for package in "$root"/usr/lib/postgresql/*/bin/*; do ln -sf "${package#"$root"}" "$root/usr/bin/"; done
    printf '%s\n' ./etc/{passwd,group,nsswitch.conf} >"$3/base.more"
    (cd "$root" && find ./usr/bin -lname '/usr/lib/postgresql/*') >"$3/postgresql.more"
    echo ./var/lib/redis >"$3/redis.more"

    : >"$3/base.packages"
    while IFS=: read -r name packages; do
        # shellcheck disable=SC2086
        APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq --simulate install $packages |
            sed -n 's/^Inst \([^ ]*\) .*/\1/p' | sort -u >"$3/$name.closure"
        [[ $name == base ]] || sort -u "$3/base.closure" >"$3/base.packages"
        comm -23 "$3/$name.closure" "$3/base.packages" | while read -r package; do
            dpkg-deb --fsys-tarfile "$archives/$package"_*.deb | tar -t
        done >"$3/$name.files"
        [[ ! -e $3/$name.more ]] || cat "$3/$name.more" >>"$3/$name.files"
        for directory in bin lib lib64 sbin; do
            [[ ! -L $root/$directory ]] || sed -i "s#^\./$directory/#./usr/$directory/#" "$3/$name.files"
        done
        sort -u "$3/$name.files" | tar -C "$root" --no-recursion "${image_excludes[@]/#/--exclude=}" --numeric-owner \
            --mtime=@0 -cf "$3/$name.tar" -T -
        sha256sum "$3/$name.tar" | cut -d ' ' -f 1 >"$3/$name.sha256"
    done <"$2"
    rm "$3"/*.{closure,files,more,packages}
}

# Prints the folder with NAME.tar and NAME.sha256 of each layer. They are made once, in the user's cache, and again when
# this file or the release of Debian is another.
debian_layers() {
    local cache release script work
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    script=$(sha256sum "${BASH_SOURCE[0]}")
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/wharf-images/$release-${script:0:16}
    if [[ ! -d $cache ]]; then
        echo "making layers of Debian's packages (once; it takes a minute or two)" >&2
        mkdir -p "${cache%/*}"
        # Beside the cache, so that the last step is a rename on one file system.
        work=$(mktemp -d "${cache%/*}/new.XXXXXX")
        printf '%s\n' "${image_layers[@]}" >"$work/names"
        printf '. %q\nsplit_layers "$1" %q %q\n' "$(realpath "${BASH_SOURCE[0]}")" "$work"/{names,layers} >"$work/hook"
        if ! mkdir "$work/layers" || ! mmdebstrap --quiet --mode=root --variant=extract --format=null \
            --aptopt='APT::Install-Recommends "false"' --include="$(sed 's/.*: //; s/ /,/g' "$work/names" | paste -sd,)" \
            --extract-hook="bash -euo pipefail '$work/hook' \"\$1\"" "$release" /dev/null >&2; then
            rm -rf "$work"
            return 1
        fi
        # Somebody else may have been faster; what is there is as good as ours.
        mv -T "$work/layers" "$cache" 2>/dev/null || [[ -d $cache ]]
        rm -rf "$work"
    fi
    echo "$cache"
}

# Writes an archive for `wharf image load` to standard output.
#
# Each argument is an image: its name, the names of its layers (files NAME.tar and NAME.sha256 of the folders), and its
# configuration as JSON.
#
#     image_archive FOLDER… -- 'web:1 base,nginx {"Cmd": ["nginx"]}' …
image_archive() {
    local work image name layers layer config machine comma='' folders=() members=(manifest.json)
    while [[ $1 != -- ]]; do folders+=("$1") && shift; done
    shift
    case $(uname -m) in
        x86_64) machine=amd64 ;;
        aarch64) machine=arm64 ;;
        *) machine=$(uname -m) ;;
    esac
    work=$(mktemp -d)
    (
        trap 'rm -rf "$work"' EXIT
        cd "$work"
        for layer in "${folders[@]}"; do ln -s "$layer"/*.{tar,sha256} .; done
        printf '[' >manifest.json
        for image in "$@"; do
            read -r -d '' name layers config <<<"$image" || true
            layers=${layers//,/ }
            printf '{"created": "%s", "architecture": "%s", "os": "linux", "config": %s, "rootfs": {"type": "layers", "diff_ids": [%s]}}\n' \
                "$(date -u -r base.tar +%FT%TZ)" "$machine" "$config" \
                "$(for layer in $layers; do printf '"sha256:%s"\n' "$(<"$layer.sha256")"; done | paste -sd,)" >"$name.json"
            printf '%s{"Config": "%s.json", "RepoTags": ["%s:latest"], "Layers": [%s]}' "$comma" "$name" "$name" \
                "$(for layer in $layers; do printf '"%s.tar"\n' "$layer"; done | paste -sd,)" >>manifest.json
            comma=,
            members+=("$name.json")
            for layer in $layers; do [[ ${members[*]} == *" $layer.tar"* ]] || members+=("$layer.tar"); done
        done
        printf ']\n' >>manifest.json
        tar --dereference --numeric-owner --owner=0 --group=0 -cf - "${members[@]}"
    )
}
