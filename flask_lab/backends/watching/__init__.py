"""What each product shows of a revision at work, and how its tables are filled with many rows."""

from __future__ import annotations

from flask_lab.backends.watching.base import Lock, Watching
from flask_lab.backends.watching.mariadb import MariaDBWatching
from flask_lab.backends.watching.mysql import MySQLWatching
from flask_lab.backends.watching.postgres import PostgresWatching
from flask_lab.backends.watching.sqlite import SQLiteWatching

__all__ = [
    "Lock",
    "MariaDBWatching",
    "MySQLWatching",
    "PostgresWatching",
    "SQLiteWatching",
    "Watching",
]
