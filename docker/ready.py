"""The container's health check: asks the app whether its database is ready, says so in a line, exits 0 or 1."""

from __future__ import annotations

import json
import os
import sys
from http.client import HTTPConnection, HTTPException


def ask(port: int) -> tuple[int, dict[str, object]]:
    """The status and the body of /up/database."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/up/database")
    answer = connection.getresponse()
    try:
        return answer.status, json.loads(answer.read())
    except ValueError:
        return answer.status, {
            "status": "error",
            "reason": f"/up/database answered {answer.status} without JSON",
        }


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
    except (OSError, HTTPException) as error:
        print(f"no answer: {error}")
        return 1
    print(line(body))
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
