# shellcheck shell=bash
# Sourced by compose.sh and sqlite.sh: what both say and check alike.
PORT=${PORT:-8000}

fail() { # one line, and out
    echo "$*" >&2
    exit 1
}

require_free_port() { # require_free_port HINT
    case $PORT in
        "" | *[!0-9]*) fail "PORT is '$PORT': expected a number, as in: $VERB PORT=8001" ;;
    esac
    # Nobody answering is the good case, so the shell's complaint about it is not shown.
    if (: < "/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
        fail "Port $PORT is taken${1:+ by $1}. Choose another: $VERB PORT=$((PORT + 1))"
    fi
}

confirmed() { # confirmed WHAT : asks, unless FORCE is set; no answer is a no
    [ -n "${FORCE:-}" ] && return
    printf 'This deletes %s for good. Sure? [y/N] ' "$1"
    read -r answer || echo
    case ${answer:-n} in
        [yY] | [yY][eE][sS]) return 0 ;;
    esac
    echo "Nothing was deleted."
    return 1
}
