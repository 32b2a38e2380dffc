"""Each rule's trees: the bad one is found, by exactly its rule on exactly its backends, and the good one is silent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flask_lab.experiments import Options
from flask_lab.results import Run, Verdict
from flask_lab.rules import RULES
from flask_lab.runner import Request, run
from flask_lab.worker import Message
from tests.engine.projects import TOGETHER, TREES, asked, make_project, options_of
from tests.harness.plugin import ReadyBackend

EVERYWHERE = {"sqlite", "postgres", "mysql", "mariadb"}
SERVERS = EVERYWHERE - {"sqlite"}
# Where a bad tree is bad; the other rules' are bad everywhere.
ONLY_ON = {
    "upgrade-fails": {"sqlite", "mysql", "mariadb"},
    "downgrade-leaves-trace": {"postgres"},
    "one-run-fails": {"postgres"},
    "upgrade-loses-schema": {"mysql", "mariadb"},
    "upgrade-loses-rows": {"sqlite"},
    "upgrade-invents-values": {"mysql", "mariadb"},
    "schema-differs-between-backends": SERVERS,
    "identifier-too-long": SERVERS,
    "index-key-too-wide": {"mysql"},
    "unnamed-constraint": {"sqlite"},
    "product-specific-sql": {"mysql", "mariadb"},
    "revision-id-too-long": SERVERS,
    "stuck-after-crash": {"sqlite", "mysql", "mariadb"},
    "partial-after-crash": {"sqlite", "mysql", "mariadb"},
    # MySQL and MariaDB let others read, whatever an ALTER does.
    "blocks-reads": {"sqlite", "postgres"},
    "rewrites-table": SERVERS,
}
# What a bad tree is bad by as well, and where: the same fault, seen from another side.
ALSO = {
    "upgrade-fails": {"product-specific-sql": {"sqlite", "mysql", "mariadb"}},
    "reupgrade-differs": {"offline-sql-fails": EVERYWHERE},
    "identifier-too-long": {"upgrade-fails": {"mysql", "mariadb"}},
    "index-key-too-wide": {"upgrade-fails": {"mysql"}},
    "product-specific-sql": {"upgrade-fails": {"mysql", "mariadb"}},
    "revision-id-too-long": {"upgrade-fails": SERVERS},
    "blocks-reads": {"rewrites-table": {"mysql", "mariadb"}},
}
USUAL = Options()
# Seen where there are two.
PAIRED = {"schema-differs-between-backends"}


class Silent:
    """A listener that has nothing to show."""

    def heard(self, backend: str, message: Message) -> None:
        """Say nothing."""


def lab(
    folder: Path,
    backend: ReadyBackend,
    monkeypatch: pytest.MonkeyPatch,
    *others: str,
    experiments: tuple[str, ...] = TOGETHER,
    options: Options = USUAL,
) -> Run:
    """Experiments, on the project in `folder`, on a backend and others."""
    monkeypatch.chdir(folder)
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setitem(os.environ, f"LAB_{backend.name.upper()}_URL", url)
    backends = tuple(dict.fromkeys((*others, backend.name)))
    return run(Request("app", backends, experiments, options=options), Silent())


def expected(rule: str, backend: str) -> set[str]:
    """The rules by which a rule's bad tree is bad on a backend."""
    places = {rule: ONLY_ON.get(rule, EVERYWHERE)} | ALSO.get(rule, {})
    return {name for name, backends in places.items() if backend in backends}


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("rule", sorted(each.name for each in TREES.iterdir() if each.is_dir()))
def test_tree(
    rule: str, kind: str, backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = ("sqlite",) if rule in PAIRED else ()
    project = make_project(tmp_path / "project", TREES / rule / kind)
    options = options_of(rule, backend.name)
    seen = lab(project, backend, monkeypatch, *others, experiments=asked(rule), options=options)
    errored = [cell.reason for cell in seen.cells if cell.verdict is Verdict.ERRORED]
    # Said by ourselves, as pytest shortens what it shows of a comparison.
    assert not errored, "\n".join(errored)
    found = [(each.rule, each.message) for each in seen.findings]
    assert {name for name, _ in found} == (expected(rule, backend.name) if kind == "bad" else set()), found


def test_every_rule_has_its_trees() -> None:
    assert {each.name for each in TREES.iterdir() if each.is_dir()} == set(RULES)
