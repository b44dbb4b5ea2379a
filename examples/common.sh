# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# To be sourced by the scripts that run examples or make images for them.

# Prints a command as it would be typed, and runs it.
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# Prints the folder in the user's cache for what is made of some files; it need not exist yet. It is another one when
# the files change, and those with the same name before it go after a week.
#
#     cache_folder NAME FILE…
cache_folder() (
    set -euo pipefail
    caches=${XDG_CACHE_HOME:-$HOME/.cache}/wharf-examples
    digest=$(sha256sum "${@:2}" | cut -d ' ' -f 1 | sha256sum)
    cache=$caches/$1-${digest:0:16}
    mkdir -p "$caches"
    find "$caches" -mindepth 1 -maxdepth 1 -name "$1-*" -mtime +7 ! -path "$cache" -exec rm -rf {} +
    echo "$cache"
)

# From here on wharf is the one that is built here, with an engine apart from the user's. When the script ends, in
# whatever way, it is gone with all it had, and so is the folder `scratch`.
own_engine() {
    PATH=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")/.build/release:$PATH
    scratch=$(mktemp -d)
    export WHARF_ROOT=$scratch/engine
    # What the user has set is for projects of the user's.
    unset "${!COMPOSE_@}" WHARF_SUBNETS
    # Nobody is asked for pages of this machine.
    export no_proxy=127.0.0.1
    trap end_engine EXIT
}

end_engine() {
    local status=$?
    set +e
    trap '' INT TERM
    # What is under way would start another engine.
    local under_way
    mapfile -t under_way < <(pgrep -P $$)
    kill "${under_way[@]}" 2>/dev/null
    # Containers go on when an engine ends; here nothing is to be left.
    wharf container ls -aq | xargs -r wharf container rm -fv >/dev/null
    wharf network prune --force >/dev/null
    wharf engine stop >/dev/null
    # One that was ending by itself is not waited for by that, and needs its folder until it has.
    flock "$WHARF_ROOT/run/engine.lock" true
    rm -rf --one-file-system "$scratch" || status=1
    exit "$status"
}

# Prints the first port from a number on at which nobody answers, and says so where it is another one.
free_port() {
    local port=$1
    while (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do ((port += 1)); done
    ((port == $1)) || echo "port $1 is in use; taking $port" >&2
    echo "$port"
}
