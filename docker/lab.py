"""Runs the lab inside Compose: `docker compose run --rm lab [COMMAND]...`; without a COMMAND all of it is run.

Says where the servers are, which make their scratch databases on it, and goes on as the owner of the runs' folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

SECRETS = Path("/run/secrets")
# Who may create databases: on MySQL and MariaDB the app's own user may not.
SERVERS = {
    "postgres": ("postgresql", "lab", "db_password", "/lab"),
    "mysql": ("mysql", "root", "root_password", "/"),
    "mariadb": ("mariadb", "root", "root_password", "/"),
}


def chosen(environ: Mapping[str, str]) -> list[str]:
    """The servers of this Compose project: the one that DB names, or all."""
    named = environ.get("DB")
    if named and named not in SERVERS:
        sys.exit(f"DB is {named!r}: choose one of {', '.join(SERVERS)}, or leave it out for all of them")
    return [named] if named else list(SERVERS)


def urls(servers: list[str], secrets: Path = SECRETS) -> Iterator[tuple[str, str]]:
    """The variable and the URL of each server."""
    for server in servers:
        scheme, user, password, rest = SERVERS[server]
        said = quote((secrets / password).read_text().strip(), safe="")
        yield f"LAB_{server.upper()}_URL", f"{scheme}://{user}:{said}@{server}{rest}"


def become_owner(folder: Path) -> None:
    """Go on as whoever owns the folder, unless a `--user` was given."""
    owner = folder.stat()
    if os.getuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def main() -> None:
    """Become the lab."""
    servers = chosen(os.environ)
    os.environ.update(urls(servers))
    become_owner(Path(os.environ["LAB_STORE"]))
    arguments = sys.argv[1:] or ["run", "--on", ",".join(["sqlite", *servers]), "--require"]
    # In this process's place, so that Ctrl-C and SIGTERM reach the lab itself.
    os.execv(sys.executable, [sys.executable, "-m", "flask_lab", *arguments])  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main()
