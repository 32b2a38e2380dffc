"""How gunicorn serves the app, in the image and on a laptop; every number comes from the environment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker


def number(name: str, default: int) -> int:
    """The whole number in the environment variable, at least 1."""
    given = os.environ.get(name) or str(default)
    if not given.isdecimal() or int(given) < 1:
        raise SystemExit(f"{name} is {given!r}: expected a whole number, 1 or more")
    return int(given)


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """An access log without the health checks, which would drown the rest."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        """Log one request."""
        if environ.get("PATH_INFO") not in ("/up", "/up/database"):
            super().access(resp, req, environ, request_time)


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Forget connections opened before the fork: two workers on one socket read each other's answers."""
    app = worker.app.wsgi()
    with app.app_context():
        for engine in app.extensions["sqlalchemy"].engines.values():
            engine.dispose(close=False)


# Else each worker would make its own, and one would refuse the forms that another has signed.
if not os.environ.get("SECRET_KEY_FILE"):
    os.environ["SECRET_KEY"] = os.environ.get("SECRET_KEY") or secrets.token_hex(32)

bind = f"0.0.0.0:{number('PORT', 8000)}"
# Threads, because a request here mostly waits for the database. Stay under DB_POOL_SIZE + DB_POOL_OVERFLOW per worker.
worker_class = "gthread"
workers = number("WEB_CONCURRENCY", 2)
threads = number("WEB_THREADS", 8)
# The app is imported once, before the workers are forked: a faster start, shared memory, and an app that cannot be
# made fails at once with its reason. Safe because create_app opens no connection, and post_fork would drop one.
preload_app = True
timeout = number("WEB_TIMEOUT", 30)
# After SIGTERM requests under way have this long to finish; the container's stop_grace_period is longer.
graceful_timeout = number("WEB_GRACEFUL_TIMEOUT", 30)
keepalive = 5
# Workers show that they live by touching a file; on a disk that stalls they would be taken for dead.
IN_MEMORY = "/dev/shm"  # noqa: S108  (the file made in it is the worker's own, and unlinked at once)
worker_tmp_dir = IN_MEMORY if Path(IN_MEMORY).is_dir() else None
# Nothing here uses it, and two servers of one user would fight for its path.
control_socket_disable = True
loglevel = os.environ.get("WEB_LOG_LEVEL") or "info"
logger_class = QuietLogger
accesslog = "-"
errorlog = "-"
access_log_format = '%(t)s %(h)s "%(r)s" %(s)s %(B)s bytes %(M)s ms'
