"""How errors read in a report."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from flask_lab.migrator import describe


def test_what_differs_from_run_to_run_is_left_out() -> None:
    cannot = TypeError("Compiler <a.Compiler object at 0x7faed512a290> cannot render JSONB")
    assert describe(cannot) == "TypeError: Compiler <a.Compiler> cannot render JSONB"
    said = "a key fails (`lab_r4b056ef66c_19`.`#sql-1_f9`, CONSTRAINT `fk`)"
    refused = OperationalError("ALTER", {}, Exception(said))
    assert describe(refused) == "a key fails (`#sql`, CONSTRAINT `fk`)"
    renamed = Exception("rename of './lab_r0ab640f9de_9/#sql-alter-1-3f9' to './lab_r0ab640f9de_9/config'")
    assert describe(renamed) == "Exception: rename of '#sql' to 'config'"


def test_an_error_without_words_shows_the_code_that_raised_it() -> None:
    with pytest.raises(StopIteration) as raised:
        next(iter(()))
    told = "StopIteration: next(iter(())) (test_errors.py, in test_an_error_without_words_shows_the_code"
    assert describe(raised.value).startswith(told)
