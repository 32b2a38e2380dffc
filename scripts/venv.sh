#!/bin/sh
# venv.sh REQUIREMENTS [FOLDER] : makes .venv, or FOLDER, where it is missing and installs a pin file into it.
set -eu
. scripts/lock.sh
python=${PYTHON:-python3}
venv=${2:-.venv}
fail() { echo "$*" >&2; exit 1; }

one_at_a_time "$venv"
if ! "$venv/bin/python" -m pip --version > /dev/null 2>&1; then
    command -v "$python" > /dev/null || fail "$python is not on this machine's PATH. Name another Python: PYTHON=python3.13"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old, 3.11 or later is needed. Name another: PYTHON=python3.13"
    echo "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" > /dev/null 2>&1 ||
        fail "$python cannot make a virtual environment; on Debian and Ubuntu its part is missing: apt install python3-venv"
fi
echo "Installing $1 into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary --requirement "$1"
