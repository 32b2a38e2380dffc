#!/usr/bin/env bash
# What `make VERB` does on SQLite, without Docker: sqlite.sh up|down|destroy|restart|ps|logs|shell|db-shell|flask ARGS...
set -euo pipefail
cd "$(dirname "$0")/.."
VERB="make ${1:?}"
. scripts/bench.sh
# DB chooses here; a URL left in the caller's environment must not send `make destroy` to another database.
unset DATABASE_URL
export DB=sqlite FLASK_APP=app
FILE=${DB_NAME:-lab.db}
[ "${FILE#/}" = "$FILE" ] && FILE=instance/$FILE
LOG=.state/web.log
PID=.state/web.pid

running() { [ -s $PID ] && kill -0 "$(cat $PID)" 2>/dev/null; }

changed() { # whether code or revisions are newer than the process that serves them
    [ -n "$(find app migrations docker .venv/.runs -newer $PID -type f ! -name '*.pyc' -print -quit)" ]
}

ready() { PORT=$(cat .state/web.port) .venv/bin/python docker/ready.py; }

up() {
    require_port
    mkdir -p instance .state
    if running && changed; then down; fi
    running || require_free_port ""
    .venv/bin/flask db upgrade
    running || start
    report
}

start() {
    echo "$PORT" > .state/web.port
    # A daemon, so that it outlives the terminal; -R keeps what it says before it serves.
    .venv/bin/gunicorn --daemon -R --pid $PID --bind "127.0.0.1:$PORT" --config docker/gunicorn.conf.py "app:create_app()" >> $LOG 2>&1 9>&-
    for _ in {1..100}; do
        ready > /dev/null && return
        sleep 0.1
    done
    tail -n 5 $LOG >&2
    fail "The app did not become ready: $(ready). The last lines of $LOG are above."
}

report() {
    local said
    said=$(ready) || fail "The app runs, and its database is not ready: $said. Newer code or revisions? make restart"
    echo "Ready: $said"
    echo "  app       http://127.0.0.1:$(cat .state/web.port) (in the background, process $(cat $PID))"
    echo "  database  $FILE"
    next_steps ""
}

down() {
    running || { echo "Nothing is running."; return; }
    local pid
    pid=$(cat $PID)
    kill -TERM "$pid"
    # It drains first; WEB_GRACEFUL_TIMEOUT bounds that.
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    echo "Stopped. The data is in $FILE."
}

db_shell() {
    command -v sqlite3 > /dev/null && exec sqlite3 "$FILE"
    # Python has had a shell of its own for SQLite since 3.12.
    .venv/bin/python -m sqlite3 "$FILE" 2>/dev/null || fail "No sqlite3 program on this machine's PATH: install it, or open $FILE with another."
}

case $1 in up | down | destroy | restart) one_at_a_time sqlite ;; esac
case $1 in
    up) up ;;
    down) down ;;
    destroy) if confirmed "$FILE"; then down && rm -f "$FILE" "$FILE"-* && echo "Deleted $FILE."; fi ;;
    restart) down && up ;;
    ps) if running; then report; else echo "Nothing is running. Start it: make up"; fi ;;
    logs)
        [ -f $LOG ] || fail "There is no log yet. Start the app: make up"
        # Ctrl-C is how following a log ends, not a failure.
        trap 'exit 0' INT
        if [ -t 1 ]; then tail -n 100 -f $LOG; else tail -n 100 $LOG; fi
        ;;
    shell) .venv/bin/flask shell ;;
    db-shell) db_shell ;;
    flask) shift && mkdir -p instance && .venv/bin/flask "$@" ;;
    *) fail "$1 is not a verb of this script" ;;
esac
