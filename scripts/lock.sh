# shellcheck shell=sh
# Sourced by what two people, or two terminals, may start at once in the same checkout.

one_at_a_time() { # one_at_a_time WHAT : waits until nobody else is at it; without flock that is up to the caller
    command -v flock > /dev/null || return 0
    mkdir -p .state
    # Held until this script ends, however it ends; whatever it leaves running must close descriptor 9.
    exec 9> ".state/$1.lock"
    flock --nonblock 9 || { echo "Another make is working on $1 in this checkout: waiting for it" >&2; flock 9; }
}
