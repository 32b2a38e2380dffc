# shellcheck shell=bash
# Sourced by compose.sh and sqlite.sh: what both say and check alike.
. scripts/lock.sh
PORT=${PORT:-8000}

fail() { # one line, and out
    echo "$*" >&2
    exit 1
}

require_port() { # a number that can be a port
    if ! [[ $PORT =~ ^[0-9]{1,5}$ ]] || ((10#$PORT > 65535)); then
        fail "PORT is '$PORT': expected a number up to 65535, as in: $VERB PORT=8001"
    fi
}

require_free_port() { # require_free_port HOLDER
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

next_steps() { # next_steps DB_ARGUMENT
    echo "  next      make seed$1 n=1000"
    echo "            make migrate$1 m=\"add phone\"   after a change to app/models, then make up$1 again"
    echo "            make lab                        tries every revision on every database in reach; the app shows it at /lab"
    echo "            make logs$1"
    echo "  stop      make down$1, which keeps the data, or make destroy$1"
}
