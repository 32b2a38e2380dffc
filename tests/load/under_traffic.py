"""What `flask lab run traffic` costs by itself: how fast it seeds, and what its readers and writers add to an ALTER.

    python -m tests.load.under_traffic --on sqlite,postgres,mysql,mariadb --rows 1000000 --repeat 7

Seeding stands beside the product's other bulk ways, into the same table: seconds, and times the fastest. Ways from the
client begin with what they send made up already. An ALTER is done again and again, with and without traffic in turn.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Connection
from sqlalchemy.pool import NullPool

from flask_lab.experiments.traffic.measuring import RATE
from flask_lab.sources import Server, open_server
from flask_lab.traffic.crowd import Crowd
from flask_lab.traffic.seeding import Demand, seed

COLUMNS = ("id", "name", "email", "age", "score", "at", "note", "state")
USERS = sa.Table(
    "users",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50)),
    sa.Column("email", sa.String(100)),
    sa.Column("age", sa.Integer),
    sa.Column("score", sa.Integer),
    sa.Column("at", sa.DateTime),
    sa.Column("note", sa.String(100)),
    sa.Column("state", sa.String(10)),
)
ON_SERVER = (
    "INSERT INTO users (id, name, email, age, score, at, note, state) {head} SELECT n, {name}, {email}, n % 90, n, "
    "'2020-01-01 00:00:00', {note}, {state} FROM {numbers}"
)
COUNTED = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})"
ALTERS = {
    "sqlite": ("CREATE INDEX ix_age ON users (age, name)", "DROP INDEX ix_age"),
    "postgres": ("ALTER TABLE users ALTER age TYPE BIGINT", "ALTER TABLE users ALTER age TYPE INTEGER"),
    "mysql": ("ALTER TABLE users MODIFY age BIGINT", "ALTER TABLE users MODIFY age INT"),
    "mariadb": ("ALTER TABLE users MODIFY age BIGINT", "ALTER TABLE users MODIFY age INT"),
}


def rows_made(rows: int) -> list[tuple[Any, ...]]:
    """What goes over the wire."""
    made = (
        (
            n,
            f"name {n}",
            f"{n}@example.org",
            n % 90,
            n,
            "2020-01-01 00:00:00",
            "a note of some length",
            "open",
        )
        for n in range(1, rows + 1)
    )
    return list(made)


def ways(product: str, rows: int) -> Iterator[tuple[str, Callable[[Connection], object]]]:
    """The product's bulk ways, each into an empty table."""
    # As many different values as the lab makes.
    words = {"name": "'name '", "email": "'@example.org'", "note": "'a note of some length'", "state": "'op'"}
    texts = {name: f"concat(n, {word})" for name, word in words.items()}
    if product == "sqlite":
        texts = {name: f"n || {word}" for name, word in words.items()}
    if product == "postgres":
        numbers = {"head": "", "numbers": f"generate_series(1, {rows}) AS numbers(n)"}
        statement = ON_SERVER.replace("'2020-01-01 00:00:00'", "TIMESTAMP '2020-01-01'").format(
            **texts, **numbers
        )
        yield "generate_series", lambda connection: connection.execute(sa.text(statement))
        sent = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows_made(rows)))

        def copy(connection: Connection) -> None:
            cursor: Any = connection.connection.cursor()
            cursor.copy_expert(f"COPY users ({', '.join(COLUMNS)}) FROM STDIN", sent)

        yield "COPY", copy
        return
    if product == "mariadb":
        numbers = {"head": "", "numbers": f"(SELECT seq AS n FROM seq_1_to_{rows}) AS numbers"}
    else:
        numbers = {"head": COUNTED.format(rows=rows), "numbers": "numbers"}
    statement = ON_SERVER.format(**texts, **numbers).replace("%", "%%" if product != "sqlite" else "%")

    def on_server(connection: Connection) -> None:
        if product == "mysql":
            connection.exec_driver_sql(f"SET SESSION cte_max_recursion_depth = {rows + 1}")
        connection.exec_driver_sql(statement)

    yield "INSERT ... SELECT", on_server
    ready = rows_made(rows)
    mark = "?" if product == "sqlite" else "%s"
    marks = f"INSERT INTO users VALUES ({', '.join([mark] * len(COLUMNS))})"
    yield "executemany", lambda connection: connection.exec_driver_sql(marks, ready)
    if product == "sqlite":
        return
    # It goes when nothing refers to it any more.
    file = tempfile.NamedTemporaryFile("w", suffix=".tsv")  # noqa: SIM115
    file.writelines("\t".join(map(str, row)) + "\n" for row in ready)
    file.flush()
    yield (
        "LOAD DATA",
        lambda connection: connection.exec_driver_sql(
            f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE users"
        ),
    )


def seeding(server: Server, rows: int) -> None:
    """Print how long each way takes."""
    name = server.product.name
    found: dict[str, float] = {}

    def own(connection: Connection) -> None:
        seed(connection, server.product, Demand({"users"}, rows))

    for way, fill in (("the lab", own), *ways(name, rows)):
        with server.scratch() as url:
            options = {"local_infile": True} if url.get_backend_name() == "mysql" else {}
            engine = sa.create_engine(url, poolclass=NullPool, connect_args=options)
            USERS.metadata.create_all(engine)
            with engine.connect() as connection:
                if options:
                    # LOAD DATA wants it said on both sides.
                    connection.exec_driver_sql("SET GLOBAL local_infile = 1")
                begun = time.perf_counter()
                fill(connection)
                connection.commit()
                found[way] = time.perf_counter() - begun
                assert connection.execute(sa.select(sa.func.count()).select_from(USERS)).scalar_one() >= rows
    best = min(found.values())
    for way, seconds in found.items():
        print(f"{name:9} {rows:>9,} rows  {way:18} {seconds:6.2f} s  x {seconds / best:.2f}", flush=True)


def altering(server: Server, rows: int, repeat: int) -> None:
    """Print what traffic adds to an ALTER of the table that it reads and writes."""
    name = server.product.name
    took: dict[bool, list[float]] = {False: [], True: []}
    taken = 0.0
    with server.scratch() as url, Crowd() as crowd:
        engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        USERS.metadata.create_all(engine)
        with sa.create_engine(url, poolclass=NullPool).connect() as connection:
            seed(connection, server.product, Demand({"users"}, rows))
        with engine.connect() as connection:
            server.product.watching.settle(connection, ["users"])
            for statement in ALTERS[name]:
                connection.exec_driver_sql(statement)
            for _ in range(repeat):
                for has_traffic in (False, True):
                    seconds, cpu = _altered(connection, crowd if has_traffic else None, url, server)
                    took[has_traffic].append(seconds)
                    taken += cpu
    quiet, busy = (statistics.median(took[each]) for each in (False, True))
    share = taken / sum(took[True])
    spread = (max(took[False]) - min(took[False])) / quiet
    print(
        f"{name:9} {rows:>9,} rows  quiet {quiet:.3f} s  with traffic {busy:.3f} s  {busy / quiet - 1:+.1%}"
        f"  (quiet ones among themselves: {spread:.0%}; its process took {share:.1%} of a core)",
        flush=True,
    )


def _altered(connection: Connection, crowd: Crowd | None, url: URL, server: Server) -> tuple[float, float]:
    """The seconds of an ALTER and its way back, and those of a core that traffic took meanwhile."""
    if crowd is not None:
        crowd.start(server.product.name, url, ["users"], RATE)
        crowd.watch(server.product.watching.session(connection))
        # What it takes to begin is over by then.
        time.sleep(0.3)
    cpu = _cpu(crowd) if crowd is not None else 0.0
    begun = time.perf_counter()
    for statement in ALTERS[server.product.name]:
        connection.exec_driver_sql(statement)
    seconds = time.perf_counter() - begun
    if crowd is not None:
        cpu = _cpu(crowd) - cpu
        crowd.stop(0.0, time.monotonic())
    return seconds, cpu


def _cpu(crowd: Crowd) -> float:
    """Seconds of a core that the process has taken, on Linux."""
    words = Path(f"/proc/{crowd.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--on", default="sqlite,postgres,mysql,mariadb")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    chosen = parser.parse_args()
    for backend in chosen.on.split(","):
        with open_server(backend) as server:
            seeding(server, chosen.rows)
            altering(server, chosen.rows // 2, chosen.repeat)


if __name__ == "__main__":
    main()
