# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# To be sourced by the scripts that run examples.

# Prints a command as it would be typed, and runs it.
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# From here on wharf is the one that is built here, with an engine apart from the user's. It is gone with all it had when
# the script ends, in whatever way.
own_engine() {
    PATH=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")/.build/release:$PATH
    WHARF_ROOT=$(mktemp -d)
    export WHARF_ROOT
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
    # Containers go on when an engine ends; here nothing is to be left.
    wharf container ls -aq | xargs -r wharf container rm -fv >/dev/null
    wharf network prune --force >/dev/null
    wharf engine stop >/dev/null
    rm -rf --one-file-system "$WHARF_ROOT" || status=1
    exit "$status"
}

# Prints the first port from a number on at which nobody answers, and says so where it is another one.
free_port() {
    local port=$1
    while (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do ((port += 1)); done
    ((port == $1)) || echo "port $1 is in use; taking $port" >&2
    echo "$port"
}
