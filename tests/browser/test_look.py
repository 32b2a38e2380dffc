"""Every page in both colour schemes and three widths: nothing overflows, text has contrast, the database is legible."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.extensions import db
from tests.browser.conftest import Watch

PAGES = [
    "/",
    "/users",
    "/users/1",
    "/users/1/edit",
    "/users/1/delete",
    "/teams",
    "/teams/1",
    "/projects",
    "/projects/1",
    "/tasks/1",
    "/activity",
    "/database",
    "/nope",
]

# Text against the first ground behind it that is not transparent; 4.5 is WCAG's AA.
CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest('.off') || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(node.outerHTML.slice(0, 120));
  }
  return poor;
}"""
UNNAMED = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')]
  .filter(node => !(node.innerText || '').trim() && !node.getAttribute('aria-label') && !(node.labels || []).length)
  .map(node => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_every_page_fits_and_can_be_read(
    browser: Browser, origin: str, watch: Watch, scheme: str, width: int
) -> None:
    context = browser.new_context(
        base_url=origin,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    watch.follow(context)
    page = context.new_page()
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert page.evaluate(CONTRAST) == [], address
        assert page.evaluate(UNNAMED) == [], address
        assert page.locator("h1").count() == 1, address
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 50
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(19, 22, 25)") is (scheme == "dark")
    context.close()


def test_script_in_a_name_is_only_text(page: Page, app: Flask) -> None:
    with app.app_context(), db.engine.connect().execution_options(sqlite_writes=True) as connection:
        connection.execute(
            sa.text("UPDATE teams SET name = '<img src=x onerror=document.title=1>' WHERE id = 1")
        )
        connection.commit()
    page.goto("/teams/1")
    expect(page.get_by_role("heading", name="<img src=x")).to_be_visible()
    assert "<img src=x" in page.title()


def test_database_shows_where_it_stands(page: Page, app: Flask) -> None:
    page.goto("/database")
    expect(page.get_by_text("at head")).to_be_visible()
    revisions = page.locator(".timeline li")
    assert revisions.count() > 30
    expect(page.locator(".timeline li.applied")).to_have_count(revisions.count())
    with app.app_context(), db.engine.connect().execution_options(sqlite_writes=True) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0031_projects_name_required'"))
        connection.commit()
    page.reload()
    expect(page.locator(".head .mark")).to_have_text("behind")
    expect(page.locator(".timeline li.pending")).to_have_count(4)
    expect(page.locator("p.notice")).to_contain_text("run flask db upgrade")
    folded = page.locator(".timeline details").first
    folded.locator("summary").click()
    expect(folded.locator("p")).to_be_visible()
