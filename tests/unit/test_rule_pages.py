"""Each rule has a page, and the page shows what the rule and its trees say today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flask_lab.rules import RULES, Rule

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "rules"
TREES = ROOT / "tests" / "trees"
AGAIN = "python docs/rule_pages.py makes it anew"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_page_shows_its_rule_and_the_revisions_in_its_trees(rule: Rule) -> None:
    page = (PAGES / f"{rule.name}.md").read_text(encoding="utf-8")
    for said in (rule.title, rule.why, rule.remedy):
        assert said in page, AGAIN
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    sources = [path.read_text().strip() for path in sorted((TREES / rule.name).rglob("*.py"))]
    assert blocks, AGAIN
    assert all(block.strip() in (*sources, rule.code.strip()) for block in blocks), AGAIN
    assert rule.code.strip() in page, AGAIN
    found = page.partition("## Found")[2].partition("## Not found")[0]
    assert f"`{rule.name}`" in found, "the bad tree was not found when the page was made"
    assert f"`{rule.name}`" not in page.partition("## Not found")[2]


def test_every_page_is_of_a_rule_and_listed() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")} - {"README"}
    listed = set(re.findall(r"\]\(([\w-]+)\.md\)", (PAGES / "README.md").read_text(encoding="utf-8")))
    assert pages == listed == set(RULES)
