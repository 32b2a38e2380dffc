#!/bin/sh
# Upgrades the database, then becomes the server; any other command is run as it is.
# Waiting, locking and the reason of a failure are `flask db upgrade`'s own, so they are the same outside a container.
set -eu

# Compose hands on an empty DB where it has none; the app would take SQLite, which this container cannot write.
if [ -z "${DB-unset}" ] && [ -z "${DATABASE_URL:-}" ]; then
    echo "DB is not set: DB=postgres docker compose --profile postgres up (or mysql, or mariadb), or make up DB=postgres" >&2
    exit 2
fi

if [ "${1:-}" = gunicorn ]; then
    # In the background because a shell does not hear a signal while it waits for a foreground command:
    # stopping a container that still waits for its database, or for the upgrade lock, would take the whole grace period.
    flask db upgrade &
    upgrade=$!
    trap 'kill -TERM "$upgrade" 2>/dev/null; wait "$upgrade"; exit 143' TERM INT
    wait "$upgrade"
    trap - TERM INT
fi

# The server takes this process's place, so that SIGTERM reaches it and it drains.
exec "$@"
