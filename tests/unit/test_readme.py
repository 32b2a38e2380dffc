"""The documentation says what is so: verbs, settings, links, paths, quoted code and quoted messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flask_lab.backends import PRODUCTS
from tests.unit import readings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("0*.py"))
# Made by verbs, and not in the repository.
MADE = (".venv", ".venv-cost", ".secrets", ".state", "instance", "reports", "runs")
# What drivers, Flask, Alembic and Docker say: pieces of the lines in docs/troubleshooting.md that no code here has.
SAID_BY_OTHERS = (
    "bind source path does not exist",
    "canceling statement due to lock timeout",
    "(1205, 'Lock wait timeout exceeded; try restarting transaction')",
    "(1050, \"Table 'badges' already exists\")",
    "Error: database is locked",
    "Multiple head revisions are present for given argument 'head'",
    "Error: Target database is not up to date.",
    "Error: New upgrade operations detected: [[('modify_type'",
)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def code_spans(text: str) -> list[str]:
    """What stands between backticks in the prose, on one line."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def named_verbs(text: str) -> set[str]:
    """The verbs that a page tells people to run."""
    shell = "\n".join(line.partition("#")[0] for block in blocks(text, "sh") for line in block.splitlines())
    commands = re.findall(r"\bmake ((?:[a-z][a-z-]*\b(?![=/]) ?)+)", "\n".join([shell, *code_spans(text)]))
    return {verb for command in commands for verb in command.split()}


@each_page
def test_named_verbs_exist(page: Path) -> None:
    assert named_verbs(page.read_text()) <= readings.verbs()


def test_readme_names_every_verb() -> None:
    assert named_verbs((ROOT / "README.md").read_text()) == readings.verbs()


def test_ci_runs_verbs_that_exist_on_every_backend() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    run = {verb for verbs in re.findall(r"run: make ([a-z -]+)", workflow) for verb in verbs.split()}
    assert {"up", "test", "lint", "types", "test-matrix", "test-compose", "test-browser"} <= run
    assert run <= readings.verbs()
    assert f"backend: [{', '.join(PRODUCTS)}]" in workflow


def test_settings_table_is_what_is_read() -> None:
    found = readings.settings()
    assert len(found) > 40, "the search for what is read finds too little"
    assert set(documented()) == set(found)


def test_settings_table_has_the_defaults() -> None:
    table = documented()
    defaults = {name: default for name, default in readings.settings().items() if default}
    assert len(defaults) > 15, "the search for defaults finds too little"
    assert {name: table[name] for name in defaults} == defaults


def documented() -> dict[str, str]:
    """The default that docs/settings.md gives for each variable."""
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE
    )
    assert len(rows) == len({name for name, _ in rows}), "a variable is in the tables twice"
    return dict(rows)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    text = prose(page.read_text())
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in targets:
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text()), target


@each_page
def test_named_paths_exist(page: Path) -> None:
    for span in code_spans(page.read_text()):
        if re.fullmatch(r"\.?[\w.-]+(/[\w.*-]+)+/?", span) and not span.startswith(MADE):
            top = ROOT / span.partition("/")[0]
            if top.exists() and "0036" not in span and "0001_create_authors" not in span:
                assert list(ROOT.glob(span.rstrip("/"))), span


def test_cookbook_links_every_revision() -> None:
    linked = set(
        re.findall(r"\.\./migrations/versions/([\w.]+)", (ROOT / "docs" / "cookbook.md").read_text())
    )
    assert len(linked) >= 35
    # Those that come behind the last one are somebody's own.
    assert linked == {path.name for path in REVISIONS if path.name <= max(linked)}


def test_cookbook_quotes_the_code() -> None:
    sources = [flat(path.read_text()) for path in (ROOT / "migrations").rglob("*.py")]
    quotes = [
        quote
        for block in blocks((ROOT / "docs" / "cookbook.md").read_text(), "python")
        for quote in block.split("…\n")
    ]
    assert len(quotes) > 15
    for quote in quotes:
        assert any(flat(quote) in source for source in sources), quote


def flat(text: str) -> str:
    return " ".join(text.split())


def test_troubleshooting_quotes_what_is_printed() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    lines = [line for block in blocks(page, "text") for line in block.splitlines()]
    patterns = readings.messages()
    unknown = [
        line
        for line in lines
        if not any(piece in line for piece in SAID_BY_OTHERS)
        and not any(pattern.search(line) for pattern in patterns)
    ]
    assert unknown == []
    for piece in SAID_BY_OTHERS:
        assert any(piece in line for line in lines), f"no longer quoted: {piece}"


def test_a_message_that_no_code_prints_would_be_noticed() -> None:
    made_up = "Port 8000 is used by somebody, choose another: make up PORT=8001"
    assert not any(pattern.search(made_up) for pattern in readings.messages())


def test_pictures_stay_small() -> None:
    pictures = list((ROOT / "docs" / "img").glob("*.png"))
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"img/([\w-]+\.png)", page.read_text())}
    assert {picture.name for picture in pictures} == shown
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000
