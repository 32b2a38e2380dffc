"""What can be told of a tree on a product without its server: from the operations and the SQL that it renders to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.portability.pages import WAYS, Pages
from flask_lab.experiments.portability.script import Script
from flask_lab.offline import render
from flask_lab.results import Facts

SHOWN = 5


class Portability(Experiment):
    """Does every revision render to SQL that this product takes, and is that SQL the revision?

    Question: are there operations and SQL that other products take and this one does not, names that are too long,
    keys that are too wide, constraints without a name? Can `flask db upgrade --sql` render each revision, and does the
    script make the same schema?
    Method: env.py is run once in offline mode with this product's dialect, all revisions up and down, and each
    operation and statement is noted. What the product refuses to render is asked of the others; statements are
    compared with tables of syntax and functions, each row of which was tried on real servers. Where there is a server,
    the scripts are applied to a database of their own, in order, and each schema compared with the revision's.
    Passes when: nothing of that is found. It needs no server: without one, the scripts are not tried.
    Cannot see: what depends on rows and types in raw SQL (ask `data`), tables that raw SQL made, and branches for
    another product, which are never rendered. SQLite's batch rebuilds cannot be rendered by anyone; they are counted.
    """

    name = "portability"
    needs_server = False

    def run(self, stage: Stage) -> None:
        order = stage.project.tree.orders()[0]
        book = render(stage.project, stage.product, order, driver=stage.driver)
        script = Script(stage, book, order)
        if stage.has_server:
            script.run()
        pages = Pages(stage, book, script)
        for revision in order:
            begun = time.perf_counter()
            facts = pages.facts(revision)
            if stage.asks(revision):
                stage.record(Observation(revision, facts, time.perf_counter() - begun))
        unbound = [revision for revision in pages.unbound if stage.asks(revision)]
        env = {"env": book.env_error, "unbound": unbound, "not_compared": pages.not_compared()}
        stage.record(Observation(None, env))

    def judge(self, observation: Observation) -> Iterator[Fault]:
        facts = observation.facts
        if observation.revision is None:
            if facts["env"]:
                yield Fault("offline-sql-fails", f"env.py cannot be run offline: {facts['env']}")
            if facts["unbound"]:
                yield Fault("offline-sql-fails", _without_values(facts["unbound"]))
            return
        if facts["names"]:
            yield Fault("identifier-too-long", _joined(map(_name, facts["names"])), {"names": facts["names"]})
        if facts["keys"]:
            yield Fault("index-key-too-wide", _joined(facts["keys"]))
        if facts["revision_id"]:
            length, limit = facts["revision_id"]["length"], facts["revision_id"]["limit"]
            yield Fault(
                "revision-id-too-long", f"it has {length} characters, and the version table keeps {limit}"
            )
        if facts["unnamed"]:
            yield Fault("unnamed-constraint", _joined(facts["unnamed"]))
        if found := [each for way in WAYS if not _was_taken(facts, way) for each in facts[way]["specific"]]:
            evidence = {"statement": found[0]["statement"], "specific": found}
            yield Fault("product-specific-sql", _joined(each["message"] for each in found), evidence)
        yield from _judge_script(facts)


def _judge_script(facts: Facts) -> Iterator[Fault]:
    if found := [each for way in WAYS for each in facts[way]["unrendered"]]:
        yield Fault("offline-sql-fails", _joined(found))
    elif fails := facts["script"].get("fails"):
        yield Fault(
            "offline-sql-fails", f"the script fails where the revision passes: {fails['message']}", fails
        )
    elif differs := facts["script"].get("differs"):
        yield Fault(
            "offline-sql-fails", f"the script makes another schema: {_joined(differs)}", {"differs": differs}
        )


def _was_taken(facts: Facts, way: str) -> bool:
    """Whether a server has taken what looked as if it would not."""
    return way == "upgrade" and bool(facts["online"])


def _joined(said: Iterable[str]) -> str:
    listed = list(dict.fromkeys(said))
    more = f"; and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return "; ".join(listed[:SHOWN]) + more


def _without_values(revisions: list[str]) -> str:
    """One story, however many revisions write rows: it is env.py that has to change."""
    told = ", ".join(revisions[:SHOWN]) + (
        f" and {len(revisions) - SHOWN} more" if len(revisions) > SHOWN else ""
    )
    return f"the values are not in the SQL of {told}: env.py runs offline without literal_binds=True"


def _name(found: Any) -> str:
    return f"{found['name']} has {found['length']} {found['unit']}, and {found['limit']} are kept"
