"""The container's health check: asks the app whether its database is ready, says so in a line, exits 0 or 1."""

from __future__ import annotations

import json
import os
import socket
import sys


def ask(port: int) -> tuple[int, dict[str, object]]:
    """The status and the body of /up/database. By hand: an HTTP library would be most of what a check costs."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as server:
        server.sendall(b"GET /up/database HTTP/1.0\r\nHost: localhost\r\n\r\n")
        head, _, body = server.makefile("rb").read().partition(b"\r\n\r\n")
    try:
        return int(head.split()[1]), json.loads(body)
    except (IndexError, ValueError):
        return 0, {"status": "error", "reason": f"/up/database answered without JSON: {head[:40]!r}"}


def line(body: dict[str, object]) -> str:
    """What the body says, for a person."""
    if body.get("status") != "ready":
        return f"{body.get('status')}: {body.get('reason')}"
    revisions = body.get("revision")
    named = ", ".join(map(str, revisions)) if isinstance(revisions, list) else revisions
    return f"{body.get('product')} {body.get('version')} at revision {named or 'none'}"


def main() -> int:
    """Print and judge."""
    try:
        status, body = ask(int(os.environ.get("PORT") or 8000))
    except OSError as error:
        print(f"no answer: {error}")
        return 1
    print(line(body))
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
