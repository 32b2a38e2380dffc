"""How long readers and writers wait, and how much memory it takes, while revisions run on a big table.

    DATABASE_URL=... python -m tests.load.big_table --rows 1000000

Works on a scratch database that it makes beside the named one's tables: the database must be empty.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import sqlalchemy as sa

from tests.matrix.bench import Bench, bench_on

BEFORE = "0017_merge_audit_assignee"
MEASURED = [
    "0018_add_tasks_updated_at",
    "0019_default_tasks_updated_at",
    "0020_backfill_tasks_updated_at",
    "0021_tasks_updated_at_required",
    "0022_index_open_tasks",
]
RATE = 100
WRITE = "INSERT INTO tasks (project_id, title, created_at) VALUES (1, 'live', '2021-01-01 00:00:00')"
READ = "SELECT title FROM tasks WHERE id = 500000"


@dataclass(frozen=True, slots=True)
class Result:
    """What one revision did: seconds it took, longest waits in milliseconds, and what the clients were told."""

    revision: str
    seconds: float
    write_wait: float
    read_wait: float
    errors: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with bench_on(arguments.url) as bench:
        bench.upgrade(BEFORE)
        seed(bench, arguments.rows)
        print(f"{'revision':34} {'seconds':>8} {'write ms':>9} {'read ms':>8}  errors")
        for result in [measure(bench, arguments.url, "nothing, for 3 s")] + [
            measure(bench, arguments.url, revision) for revision in MEASURED
        ]:
            errors = "; ".join(sorted(set(result.errors))) or "none"
            waits = f"{result.write_wait:9.0f} {result.read_wait:8.0f}"
            print(f"{result.revision:34} {result.seconds:8.2f} {waits}  {errors}")
        check_no_write_is_lost(bench)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the migrating process: {peak:.0f} MiB")


def seed(bench: Bench, rows: int) -> None:
    digits = f"({' UNION ALL '.join(f'SELECT {digit} n' for digit in range(10))})"
    powers = " + ".join(f"{10**place} * d{place}.n" for place in range(7))
    joined = ", ".join(f"{digits} d{place}" for place in range(7))
    with bench.engine.begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO teams (id, name) VALUES (1, 'Load')")
        run("INSERT INTO projects (id, team_id, title) VALUES (1, 1, 'Load')")
        run(
            "INSERT INTO tasks (project_id, title, notes, created_at) "
            f"SELECT 1, 'A task of ordinary length', 'with some notes to it', '2020-01-01 00:00:00' "
            f"FROM {joined} WHERE {powers} < {rows}"
        )


def measure(bench: Bench, url: str, revision: str) -> Result:
    """Run `revision` while two other processes read and write at a steady rate."""
    stop = multiprocessing.Event()
    with multiprocessing.Manager() as manager:
        writes, reads, errors = manager.Value("d", 0.0), manager.Value("d", 0.0), manager.list()
        clients = [
            multiprocessing.Process(target=client, args=(url, statement, longest, errors, stop))
            for statement, longest in ((WRITE, writes), (READ, reads))
        ]
        for process in clients:
            process.start()
        time.sleep(2)
        started = time.monotonic()
        if revision in MEASURED:
            bench.upgrade(revision)
        else:
            time.sleep(3)
        seconds = time.monotonic() - started
        time.sleep(1)
        stop.set()
        for process in clients:
            process.join()
        return Result(revision, seconds, writes.value, reads.value, list(errors))


def client(url: str, statement: str, longest: Synchronized[float], errors: Any, stop: Any) -> None:
    """Run `statement` at a steady rate; each wait counts from when the statement was due, so a stall counts in full."""
    with bench_on(url) as bench, bench.engine.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        due, worst = time.monotonic(), 0.0
        while not stop.is_set():
            due = max(due + 1 / RATE, time.monotonic() - 60)
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection.execute(sa.text(statement))
            except sa.exc.DBAPIError as error:
                errors.append(str(error.orig)[:80])
            wait = time.monotonic() - due
            worst = max(worst, wait)
            if wait > 1 / RATE:
                # The statements that were due meanwhile would have waited less: skip them.
                due = time.monotonic()
        longest.value = worst * 1000


def check_no_write_is_lost(bench: Bench) -> None:
    with bench.engine.connect() as connection:
        unfilled = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM tasks WHERE updated_at IS NULL"
        ).scalar_one()
        total = connection.exec_driver_sql("SELECT COUNT(*) FROM tasks").scalar_one()
    print(f"{total} tasks, {unfilled} without updated_at")


if __name__ == "__main__":
    main()
