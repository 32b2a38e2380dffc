#!/usr/bin/env bash
# What `make VERB DB=postgres|mysql|mariadb` does: compose.sh up|down|destroy|restart|ps|logs|shell|db-shell|flask ARGS...
set -euo pipefail
cd "$(dirname "$0")/.."
VERB="make ${1:?} DB=${DB:?}"
. scripts/bench.sh

# The image's user has the caller's number where it can: what it writes into a mounted directory is then the caller's.
LAB_UID=$(id -u) LAB_GID=$(id -g)
[ "$LAB_UID" = 0 ] && LAB_UID=1000 LAB_GID=1000
export DB PORT LAB_UID LAB_GID COMPOSE_PROFILES=$DB

# A terminal inside only where there is one at both ends, so that pipes into and out of a verb stay clean.
tty=-T
[ -t 0 ] && [ -t 1 ] && tty=

require_docker() {
    local without="or use SQLite, which needs none: leave DB=$DB out"
    command -v docker > /dev/null || fail "DB=$DB needs Docker, which is not on this machine's PATH. Install it, $without"
    docker compose version > /dev/null 2>&1 || fail "DB=$DB needs Docker's Compose plugin, which is missing. Install it, $without"
    docker version > /dev/null 2>&1 || fail "The Docker engine does not answer. Start it (or get the right to use it), $without"
}

address() { docker compose port "$@" 2>/dev/null | head -n 1 || true; }

in_checkout() { # in_checkout COMMAND... : in the image, on this checkout's app and tree, as the caller
    # RUN_AS is for rootless Docker, where the caller is 0:0 inside.
    docker compose --progress quiet run --rm $tty --user "${RUN_AS:-$(id -u):$(id -g)}" \
        --volume "$PWD/app:/srv/lab/app:ro" --volume "$PWD/migrations:/srv/lab/migrations" web "$@"
}

run_flask() { # run_flask ARGS... : names files as they are called on this side of the mount
    case "$*" in
        "flask db migrate"*) tty=-T && in_checkout "$@" | sed "s|/srv/lab/||" ;;
        *) in_checkout "$@" ;;
    esac
}

up() {
    local now holder fancy=
    require_port
    now=$(address web 8000)
    if [ "${now##*:}" != "$PORT" ]; then
        holder=$(docker ps --filter "publish=$PORT" --format '{{.Names}}' | head -n 1)
        require_free_port "$holder"
    fi
    [ -t 1 ] || fancy="--progress quiet"
    # shellcheck disable=SC2086  # two words, or none
    docker compose $fancy build web || fail "The image was not built; the reason is above."
    # shellcheck disable=SC2086
    docker compose $fancy up --detach --no-build --wait --wait-timeout "${WAIT:-180}" --remove-orphans || failed
    # A container that was running already did not upgrade now, and `make downgrade` may have been in between.
    ready > /dev/null || docker compose exec -T web flask db upgrade || fail "The upgrade failed; the reason is above."
    report
}

ready() { docker compose exec -T web python docker/ready.py; }

failed() {
    docker compose logs --no-log-prefix --tail 5 web >&2
    ready 2>/dev/null || true
    fail "$DB is not up; the reason is above, and more: make logs DB=$DB"
}

report() {
    local said port
    said=$(ready) || fail "The app runs, and its database is not ready: $said"
    case $DB in postgres) port=5432 ;; *) port=3306 ;; esac
    echo "Ready: $said"
    echo "  app       http://$(address web 8000)"
    echo "  database  $(address "$DB" "$port"), user lab, database lab, password in .secrets/db_password"
    next_steps " DB=$DB"
}

db_shell() {
    case $DB in
        postgres) docker compose exec $tty postgres psql -U lab lab ;;
        # Each image's client is called as its service.
        *) docker compose exec $tty "$DB" sh -c 'MYSQL_PWD=$(cat /run/secrets/db_password) exec "$0" -u lab lab' "$DB" ;;
    esac
}

require_password() {
    local volume=${COMPOSE_PROJECT_NAME:-lab-$DB}_$DB
    if [ ! -s .secrets/db_password ] && docker volume inspect "$volume" > /dev/null 2>&1; then
        fail "The volume $volume was made with a password that is gone: put .secrets back, or make destroy DB=$DB"
    fi
    scripts/secrets.sh
}

# Else an interrupted step would be reported as a failed one.
trap 'exit 130' INT
require_docker
case $1 in up | down | destroy | restart) one_at_a_time "$DB" ;; esac
case $1 in up | restart | shell | flask) require_password ;; esac
case $1 in
    up) up ;;
    down) docker compose down --remove-orphans ;;
    destroy) if confirmed "the $DB database and its volume"; then docker compose down --volumes --remove-orphans; fi ;;
    restart)
        docker compose restart || failed
        docker compose --progress quiet up --detach --no-build --wait || failed
        report
        ;;
    ps) docker compose ps --all ;;
    logs)
        # Ctrl-C is how following a log ends, not a failure.
        trap 'exit 0' INT
        if [ -t 1 ]; then docker compose logs --follow --tail 100; else docker compose logs --tail 100; fi
        ;;
    shell) in_checkout flask shell ;;
    db-shell) db_shell ;;
    flask) run_flask "$@" ;;
    *) fail "$1 is not a verb of this script" ;;
esac
