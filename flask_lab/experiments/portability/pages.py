"""Makes facts of a tree rendered as SQL: what the product refuses, and what cannot be rendered at all."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext

from flask_lab.experiments.base import Stage, refuses
from flask_lab.experiments.portability import keys
from flask_lab.experiments.portability.dialects import specific
from flask_lab.experiments.portability.naming import LIMITS, too_long, unnamed
from flask_lab.experiments.portability.paper import Paper
from flask_lab.experiments.portability.refusals import told
from flask_lab.experiments.portability.script import MOST, Script, comparable
from flask_lab.migrator import Direction, describe
from flask_lab.offline import Book, Page
from flask_lab.project import Bind

WAYS: tuple[Direction, ...] = ("upgrade", "downgrade")
SHOWN = 90


class Pages:
    """Reads the pages of a book in the order of the tree: a key's columns may be older than the key."""

    def __init__(self, stage: Stage, book: Book, script: Script) -> None:
        self.stage = stage
        self.book = book
        self.script = script
        self.product = stage.product.name
        self.version = stage.version
        self.papers: dict[Bind, Paper] = {bind: Paper() for bind in stage.project.engines}
        self.names: set[str] = set()
        """The long names that were told, each where it comes first."""
        self.unbound: dict[str, None] = {}
        """The revisions of whose SQL env.py leaves out the values."""
        self.missed: dict[str, int] = {}

    def facts(self, revision: str) -> dict[str, Any]:
        """What there is to tell of a revision, on all binds."""
        facts: dict[str, Any] = {
            **{way: {"statements": 0, "specific": [], "unrendered": [], "rebuilds": 0} for way in WAYS},
            "names": [],
            "keys": [],
            "unnamed": [],
            "revision_id": None,
            "not_compared": [],
            "online": self.script.passed_online(revision),
            "script": self.script.parted.get(revision, {}),
        }
        for bind, paper in self.papers.items():
            for way in WAYS:
                if (page := self.book.page(revision, way, bind)) is not None:
                    self._read(page, facts)
                    if way == "upgrade":
                        self._follow(page, paper, facts)
        found = facts["upgrade"]["specific"]
        if facts["online"] and found:
            said = "; ".join(each["message"] for each in found)
            facts["not_compared"].append(
                f"{revision} with the server, which took what looked foreign to it: {said}"
            )
        self._miss(revision, facts)
        return facts

    def not_compared(self) -> list[str]:
        """What was passed over in the whole tree, counted."""
        said = [f"{what}: {count} revision{'s' if count > 1 else ''}" for what, count in self.missed.items()]
        if self.script.failed:
            said.append(f"offline SQL with the schema beyond what passes online: {self.script.failed[1]}")
        return said

    def _read(self, page: Page, facts: dict[str, Any]) -> None:
        """Add what one step's statements show, and what stood in their way."""
        way = facts[page.step.direction]
        way["statements"] += len(page.step.statements)
        for refusal in page.refused:
            self._refused(told(refusal, self.stage.product), page, facts)
        if page.step.error is not None and not page.refused and not self._fails_online(page):
            way["unrendered"].append(f"{page.step.direction}: {_reason(page.step.error)}")
        for statement in page.step.statements:
            for trait in specific(statement, self.product, self.version):
                shown = _short(statement)
                way["specific"].append(
                    {
                        "message": f"{page.step.direction}: {trait.what} (only {', '.join(trait.taken)}): {shown}",
                        "statement": statement.strip(),
                        "taken": list(trait.taken),
                    }
                )
            for name in too_long(statement, self.product):
                self._long(name, facts)

    def _fails_online(self, page: Page) -> bool:
        """Whether the revision itself is at fault, which stairway tells."""
        failed = self.script.failed[0] if self.script.failed else ""
        return refuses(page.step) or (page.step.direction, page.step.revision) == ("upgrade", failed)

    def _refused(self, refusal: dict[str, Any], page: Page, facts: dict[str, Any]) -> None:
        way = facts[page.step.direction]
        said = f"{page.step.direction}: {refusal['operation'] or 'a statement'}: {refusal['message']}"
        match refusal["kind"]:
            case "name":
                self._long(refusal["name"], facts)
            case "rebuild":
                way["rebuilds"] += 1
            case "product":
                taken = ", ".join(refusal["taken"])
                way["specific"].append(
                    {
                        "message": f"{said} (only {taken})",
                        "statement": refusal["operation"],
                        "taken": refusal["taken"],
                    }
                )
            case "values":
                self.unbound[page.step.revision] = None
            case "offline":
                way["unrendered"].append(said)
            case _:
                facts["not_compared"].append(f"{page.step.revision} as SQL, which no product renders: {said}")

    def _long(self, name: str, facts: dict[str, Any]) -> None:
        if name not in self.names:
            self.names.add(name)
            limit = LIMITS[self.product]
            length = limit.measure(name)
            facts["names"].append({"name": name, "length": length, "limit": limit.length, "unit": limit.unit})

    def _follow(self, page: Page, paper: Paper, facts: dict[str, Any]) -> None:
        """Add what an upgrade's operations make: keys, constraints, and a version."""
        context = page.context
        for operation in page.step.operations:
            self._keys(operation, paper, context, facts)
            if self.product == "sqlite":
                facts["unnamed"] += [
                    each for each in unnamed(operation, context) if each not in facts["unnamed"]
                ]
        length, limit = len(page.step.revision), _version_length(context)
        if self.product != "sqlite" and limit is not None and length > limit:
            facts["revision_id"] = {"length": length, "limit": limit}

    def _keys(self, operation: Any, paper: Paper, context: MigrationContext, facts: dict[str, Any]) -> None:
        touched = paper.take(operation, context)
        if self.product not in ("mysql", "mariadb"):
            return
        for table, key in touched:
            named = f"{key.kind} {key.name}".strip() + f" on {table.name} ({', '.join(key.columns)})"
            if why := keys.refused(table, key, context.dialect):
                facts["keys"].append(f"{named}: {why}")
            elif missing := keys.unknown(table, key):
                facts["not_compared"].append(
                    f"{named}: no operation says of what type {', '.join(missing)} is"
                )

    def _miss(self, revision: str, facts: dict[str, Any]) -> None:
        """Count what could not be rendered or tried."""
        pages = [self.book.page(revision, way, bind) for bind in self.papers for way in WAYS]
        if facts["upgrade"]["rebuilds"] or facts["downgrade"]["rebuilds"]:
            self._count("offline SQL that rebuilds tables, which takes a database to look at")
        if all(page is None for page in pages):
            self._count("offline SQL that env.py did not come to")
        elif self.stage.has_server and not self.script.failed and revision not in self.script.compared:
            whole = [page for page in pages if page and page.step.direction == "upgrade" and page.is_whole]
            if any(not comparable(page) for page in whole):
                self._count("offline SQL with the schema, as env.py makes it from a database of its own")
            elif whole and self.stage.asks(revision):
                self._count(f"offline SQL with the schema, after {MOST} revisions where the two part")

    def _count(self, what: str) -> None:
        self.missed[what] = self.missed.get(what, 0) + 1


def _version_length(context: MigrationContext) -> int | None:
    """How many characters of a revision's id the project's version table keeps."""
    return getattr(context._version.c.version_num.type, "length", None)


def _reason(error: BaseException) -> str:
    said = describe(error)
    # Offline, a statement has no result, and a connection takes statements only.
    asks = any(name in said for name in ("NoneType", "MockConnection"))
    return f"it reads from the database, and offline there is none ({said})" if asks else said


def _short(statement: str) -> str:
    flat = " ".join(statement.split())
    return flat if len(flat) <= SHOWN else f"{flat[: SHOWN - 1]}…"
