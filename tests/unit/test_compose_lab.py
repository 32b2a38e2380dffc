"""What the lab's container makes of its settings and secrets, before it becomes the lab."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lab() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docker" / "lab.py"))


def test_passwords_of_any_characters_come_through(lab: dict[str, Any], tmp_path: Path) -> None:
    passwords = {"db_password": "a/b@c:%41 d", "root_password": "#?&é"}
    for name, text in passwords.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    found = {name: make_url(url) for name, url in lab["urls"](lab["chosen"]({}), tmp_path)}
    assert set(found) == {"LAB_POSTGRES_URL", "LAB_MYSQL_URL", "LAB_MARIADB_URL"}
    assert (found["LAB_POSTGRES_URL"].username, found["LAB_POSTGRES_URL"].password) == ("lab", "a/b@c:%41 d")
    assert (found["LAB_MYSQL_URL"].username, found["LAB_MYSQL_URL"].password) == ("root", "#?&é")
    assert found["LAB_MARIADB_URL"].host == "mariadb"


def test_db_names_the_one_server_there_is(lab: dict[str, Any]) -> None:
    assert lab["chosen"]({"DB": "mysql"}) == ["mysql"]
    assert lab["chosen"]({"DB": ""}) == ["postgres", "mysql", "mariadb"]
    with pytest.raises(
        SystemExit, match="DB is 'oracle': choose one of postgres, mysql, mariadb, or leave it out"
    ):
        lab["chosen"]({"DB": "oracle"})
