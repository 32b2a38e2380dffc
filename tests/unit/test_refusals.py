"""A downgrade that refuses is told from one that has a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_lab.experiments.stairway import Visit
from flask_lab.migrator import Step


def downgrade() -> None:
    raise RuntimeError("there is no way back")


def broken() -> None:
    raise KeyError("users")


def refuse() -> None:
    raise NotImplementedError


def faulty() -> None:
    int("users")


def visit(function: Callable[[], None], *statements: str) -> Visit:
    with pytest.raises((RuntimeError, KeyError, ValueError)) as raised:
        function()
    down = Step("0002", "downgrade", statements=list(statements), error=raised.value)
    return Visit("0002", steps=[Step("0002", "upgrade"), down])


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (visit(downgrade), "the downgrade refuses: there is no way back"),
        (visit(refuse), "the downgrade refuses"),
        (visit(broken), None),
        (visit(faulty), None),
        (visit(downgrade, "DROP TABLE users"), None),
    ],
)
def test_an_error_raised_on_purpose_before_anything_is_done(seen: Visit, missing: str | None) -> None:
    assert seen.facts()["downgrade"].get("missing") == missing
