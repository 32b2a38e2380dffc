#!/bin/sh
# Compiles pyproject.toml into requirements.txt (what runs) and requirements-dev.txt (that, and what tests it).
# Pins that still fit are kept; UPGRADE=1 takes the newest. The header is ours because pip-compile's names its Python.
set -eu
compile() { # compile FILE OPTIONS... : only a finished file replaces the old one
    file=$1
    shift
    .venv/bin/pip-compile --quiet --no-header ${UPGRADE:+--upgrade} --output-file "$file" "$@" pyproject.toml
    { echo "# Compiled from pyproject.toml by 'make pins'. Do not edit."; cat "$file"; } > "$file.new"
    mv "$file.new" "$file"
    echo "$file: $(grep -c == "$file") packages"
}
compile requirements.txt --extra bench
compile requirements-dev.txt --extra bench --extra dev --constraint requirements.txt
compile requirements-cost.txt --extra bench --extra cost --constraint requirements-dev.txt
