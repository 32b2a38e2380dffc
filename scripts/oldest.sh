#!/bin/sh
# oldest.sh TESTS... : runs tests on the oldest releases that pyproject.toml allows, in an environment of their own.
set -eu
python=${PYTHON:-python3}
if [ ! -f .venv-oldest/.ready ] || [ tests/oldest.txt -nt .venv-oldest/.ready ]; then
    "$python" -m venv --clear .venv-oldest
    # psycopg2 and PyMySQL are the lab's own way to the servers, pytest and testcontainers the tests'.
    .venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary \
        --requirement tests/oldest.txt psycopg2-binary "PyMySQL[rsa]" aiosqlite "pytest~=9.2" pytest-xdist testcontainers
    touch .venv-oldest/.ready
fi
exec env -u DB -u DATABASE_URL .venv-oldest/bin/python -m pytest -n 2 -m "not compose" "$@"
