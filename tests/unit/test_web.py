"""The pages about stored runs, in an app that has nothing else: what stands there, what breaks, what is refused."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from flask_lab import listing, store
from flask_lab.experiments import EXPERIMENTS
from flask_lab.results import Run, Verdict
from flask_lab.rules import RULES
from flask_lab.web import lab
from flask_lab.web.pages import POLICY
from tests.unit.big_run import big_run, name
from tests.unit.sample_run import RUN

BIG = "20261122-090000-b1b1"


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., str]:
    """Stores a run under a name."""

    def keep(run: Run, name: str = RUN.id) -> str:
        store.save(replace(run, id=name), tmp_path)
        return name

    return keep


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    app = Flask(__name__)
    app.config["LAB_STORE"] = str(tmp_path)
    app.register_blueprint(lab, url_prefix="/lab")
    return app.test_client()


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(f"/lab{address}")
    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.mimetype != "text/html" or "<script>" not in answer.text
    return answer.text


def test_there_is_nothing_before_the_first_run(client: FlaskClient, tmp_path: Path) -> None:
    assert str(tmp_path) in text(client, "/")
    assert "There is no run yet" in text(client, "/runs/latest", 404)


def test_without_registration_there_are_no_pages() -> None:
    assert Flask(__name__).test_client().get("/lab/").status_code == 404


def test_runs_stand_the_newest_first(client: FlaskClient, kept: Callable[..., str]) -> None:
    kept(RUN)
    kept(big_run(3), BIG)
    page = text(client, "/")
    assert page.index(BIG) < page.index(RUN.id)
    assert "2 errors" in page
    assert "sqlite <small>3.45.1</small>" in page
    assert client.get("/lab/runs/latest").location == f"/lab/runs/{BIG}"


def test_a_broken_run_is_shown_as_one_and_harms_no_other(
    client: FlaskClient, kept: Callable[..., str], tmp_path: Path
) -> None:
    kept(RUN)
    for broken, content in (("20261123-000000-torn", '{"format": 1, "run'), ("20261124-000000-odd", "[]")):
        (tmp_path / broken).mkdir()
        (tmp_path / broken / "run.json").write_text(content)
    (tmp_path / "20261125-000000-new").mkdir()
    (tmp_path / "20261126-000000-cut").mkdir()
    os.utime(tmp_path / "20261126-000000-cut", (time.time() - 3600,) * 2)
    (tmp_path / "a file").write_text("")
    unknown = RUN.as_json() | {"findings": [RUN.as_json()["findings"][0] | {"rule": "of-the-future"}]}
    (tmp_path / "20261127-000000-next").mkdir()
    (tmp_path / "20261127-000000-next" / "run.json").write_text(json.dumps(unknown))
    page = text(client, "/")
    assert page.count(">broken<") == 5
    assert "it is being written" in page
    assert "whoever wrote it was cut off" in page
    assert "6 of 6 runs" in page
    for each in listing.ids(tmp_path)[:-1]:
        assert "cannot be shown" in text(client, f"/runs/{each}")
        assert "cannot be shown" in text(client, f"/runs/{each}/tree")
    assert "of-the-future" in text(client, "/runs/20261127-000000-next")


@pytest.mark.parametrize("harm", ["{}", "[]", '{"id": 3}', "not JSON", '{"id": "x", "started": "never"}'])
def test_a_harmed_summary_is_made_anew(
    client: FlaskClient, kept: Callable[..., str], tmp_path: Path, harm: str
) -> None:
    summary = tmp_path / kept(RUN) / "summary.json"
    summary.write_text(harm)
    assert "2 errors" in text(client, "/")
    summary.unlink()
    assert "2 errors" in text(client, "/")


def test_what_is_no_run_is_not_found(client: FlaskClient, kept: Callable[..., str], tmp_path: Path) -> None:
    kept(RUN)
    (tmp_path.parent / "outside").mkdir()
    store.save(RUN, tmp_path.parent / "outside")
    for odd in ("..", "%2e%2e", "..%2foutside", ".hidden", "latest%00", "x"):
        assert client.get(f"/lab/runs/{odd}").status_code == 404
    assert "knows no revision" in text(client, f"/runs/{RUN.id}/revisions/0009", 404)
    assert client.get("/lab/report/../__init__.py").status_code == 404
    assert client.post("/lab/").status_code == 405


def test_a_run_reads_as_its_report_does(client: FlaskClient, kept: Callable[..., str]) -> None:
    page = text(client, f"/runs/{kept(RUN)}")
    assert "1 question that broke off and 2 errors in 2 revisions" in page
    assert f'href="/lab/runs/{RUN.id}/revisions/0002#f0"' in page
    assert f'href="/lab/runs/{RUN.id}/tree' in page
    assert "enumeration state is left, &lt;b&gt;100%&lt;/b&gt;" in page
    assert "no server: start Docker" in page
    assert "3 CHECK constraints" in page


def test_a_revision_stands_on_every_database(client: FlaskClient, kept: Callable[..., str]) -> None:
    page = text(client, f"/runs/{kept(big_run(8), BIG)}/revisions/{name(7)}")
    for shown in (
        "sqlite",
        "postgres",
        "mysql",
        "mariadb",
        "writes wait 480 ms (users)",
        "ADD COLUMN phone_7",
    ):
        assert shown in page
    assert f'rel="prev" href="/lab/runs/{BIG}/revisions/{name(6)}"' in page
    assert f'rel="next" href="/lab/runs/{BIG}/revisions/{name(8)}"' in page
    assert 'data-of="r2-latency-mysql-0"' in page
    assert "unsafe-concurrent-upgrade" in text(client, f"/runs/{BIG}/tree")


def test_large_runs_come_in_pages_and_can_be_filtered(client: FlaskClient, kept: Callable[..., str]) -> None:
    kept(big_run(250), BIG)
    page = text(client, f"/runs/{BIG}")
    assert page.count("<tr data-row=") == 100
    assert "100 of 251 rows" in page
    assert len(page) < 500_000
    page = text(client, f"/runs/{BIG}?page=3")
    assert page.count("<tr data-row=") == 51
    assert text(client, f"/runs/{BIG}?page=99&found=-4&verdict=nonsense").count("<tr data-row=") == 0
    page = text(client, f"/runs/{BIG}?verdict=failed&backend=mysql&text=phone_245 ")
    assert "1 row and " in page
    assert f">{name(245)}</a>" in page
    assert 'value="phone_245"' in page
    page = text(client, f"/runs/{BIG}?experiment=traffic&page=2")
    assert "&amp;page=1" in page or "page=1&amp;" in page
    assert page.count('<th scope="col" data-b=') == 4


def test_what_is_new_since_the_run_before(client: FlaskClient, kept: Callable[..., str]) -> None:
    kept(replace(RUN, findings=RUN.findings[:1]))
    later = kept(RUN, "20261122-080000-cd34")
    address = f"/runs/{later}/since/{RUN.id}"
    assert f'href="/lab{address}"' in text(client, f"/runs/{later}")
    page = text(client, address)
    assert "1 new; asked in both" in page
    assert "users.email: the models say NOT NULL" in page
    assert "nothing differs" in text(client, f"/runs/{later}/since/{later}")
    text(client, f"/runs/{later}/since/none", 404)


def test_the_run_can_be_taken_along(client: FlaskClient, kept: Callable[..., str], tmp_path: Path) -> None:
    answer = client.get(f"/lab/runs/{kept(RUN)}/run.json")
    assert answer.data == (tmp_path / RUN.id / "run.json").read_bytes()
    answer.close()
    answer = client.get(f"/lab/runs/{RUN.id}/report.html")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="lab-{RUN.id}.html"'
    assert "<style>" in answer.text


def test_a_run_that_is_written_anew_is_read_anew(client: FlaskClient, kept: Callable[..., str]) -> None:
    assert "errored" in text(client, f"/runs/{kept(RUN)}")
    kept(replace(RUN, cells=RUN.cells[:2], findings=(), backends=RUN.backends[:1]))
    assert "nothing found" in text(client, f"/runs/{RUN.id}")


def test_every_rule_and_experiment_has_a_page(client: FlaskClient) -> None:
    page = text(client, "/rules")
    for rule in RULES.values():
        assert f"/lab/rules/{rule.name}" in page
        assert rule.title.split("'")[0] in text(client, f"/rules/{rule.name}")
    for experiment in EXPERIMENTS:
        assert "Cannot see" in text(client, f"/experiments/{experiment}")
    text(client, "/rules/none", 404)
    text(client, "/experiments/none", 404)


def test_an_app_without_migrations_is_told_so(client: FlaskClient) -> None:
    assert "no Flask-Migrate" in text(client, "/database")


def test_a_setting_that_cannot_be_is_told(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.flask_lab]\nstore = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAB_STORE", raising=False)
    del client.application.config["LAB_STORE"]
    assert "store is 3, which is no folder" in text(client, "/", 500)


def test_a_tree_that_is_not_there_is_told(client: FlaskClient, tmp_path: Path) -> None:
    db = SQLAlchemy()
    client.application.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/x.db"
    db.init_app(client.application)
    Migrate(client.application, db, directory=str(tmp_path / "nowhere"))
    assert "the tree cannot be opened: " in text(client, "/database")


def test_a_summary_says_what_the_run_does(kept: Callable[..., str], tmp_path: Path) -> None:
    (entry,) = listing.entries(tmp_path, [kept(RUN)])
    assert entry.summary is not None
    assert entry.summary.marks["stairway"]["mysql"] is Verdict.FAILED
    assert entry.summary.marks["drift"]["mysql"] is Verdict.ERRORED
    assert entry.summary.findings == {"error": 2}
    assert entry.summary.heads == ("0002",)
