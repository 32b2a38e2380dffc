"""The HTML report in a real Chromium: filtered, printed; it complains of nothing and asks nothing of a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, BrowserContext, Page, expect

from flask_lab.reports import html
from tests.browser.conftest import Watch
from tests.unit.big_run import big_run, name
from tests.unit.sample_run import RUN

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "lab.html"
    path.write_text(html.render(big_run(21)), encoding="utf-8")
    return path


@pytest.fixture
def show(browser: Browser, report: Path) -> Iterator[Open]:
    """Opens the report, or another page, as a file and without a network; fails the test when it complained."""
    watch = Watch("file://")
    opened: list[BrowserContext] = []

    def show(
        path: Path = report, width: int = 1280, scheme: str = "light", at: str = "", *, js: bool = True
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of playwright's words
            java_script_enabled=js,
            offline=True,
        )
        context.set_default_timeout(10_000)
        watch.follow(context)
        opened.append(context)
        page = context.new_page()
        page.goto(f"{path.as_uri()}{at}")
        return page

    yield show
    for context in opened:
        context.close()
    assert watch.complaints == []


def rows(page: Page) -> list[str]:
    return [each.inner_text().split()[0] for each in page.locator("table.grid tbody tr:visible th").all()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_it_fits_and_is_accessible(show: Open, scheme: str, width: int) -> None:
    page = show(width=width, scheme=scheme)
    page.locator("details.finding").first.evaluate("each => { each.open = true }")
    page.locator("details.revision").nth(1).evaluate("each => { each.open = true }")
    expect(page.locator("details.revision").nth(1).locator("svg").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_filters_leave_what_was_asked_for(show: Open) -> None:
    page = show()
    assert len(rows(page)) == 22
    page.get_by_role("combobox", name="Verdict").select_option("failed")
    assert rows(page) == ["the", name(21), name(14), name(7)]
    assert page.locator("details.finding:visible").count() == 5
    page.get_by_role("combobox", name="Database").select_option("postgres")
    assert rows(page) == []
    assert page.locator("details.finding:visible").count() == 1
    page.get_by_role("combobox", name="Verdict").select_option("")
    assert page.locator("table.grid thead th[data-e]:visible").count() == 6
    page.get_by_role("combobox", name="Experiment").select_option("crash")
    assert page.locator("table.grid thead th[data-e]:visible").count() == 1
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("table.grid thead th[data-e]:visible")).to_have_count(25)
    page.get_by_role("searchbox", name="Find").fill("ix_users_phone_3 ")
    expect(page.get_by_role("status")).to_have_text("1 of 22 rows, 0 of 5 findings")
    assert rows(page) == [name(3)]


def test_a_link_opens_what_is_folded_or_filtered_away(show: Open) -> None:
    page = show(at="#r3")
    expect(page.locator("#r3")).to_be_visible()
    page.get_by_role("searchbox", name="Find").fill(name(21))
    expect(page.locator("details.revision:visible")).to_have_count(1)
    page.evaluate("location.hash = '#r8'")
    expect(page.locator("#r8")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Find")).to_have_value("")


def test_it_can_be_walked_with_the_keyboard_alone(show: Open) -> None:
    page = show()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.locator("details.finding > summary").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.finding").nth(2).locator(".remedy")).to_be_visible()


def test_without_scripts_all_can_be_read(show: Open) -> None:
    page = show(js=False)
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#deploy")).to_contain_text(
        "users.name: 3 of 120 values are others after the upgrade"
    )
    page.locator("details.revision summary").nth(1).click()
    shown = page.locator("details.revision").nth(1)
    expect(shown.locator("pre").first).to_contain_text("ADD COLUMN phone_21")
    expect(shown).to_contain_text("writes wait 480 ms (users)")
    expect(shown.locator("figure").first).to_be_hidden()


def test_plots_show_waits_with_what_was_waited_for(show: Open) -> None:
    page = show(at="#r1")
    figure = page.locator("figure[data-of=r1-latency-mysql-0]")
    expect(figure.locator("svg")).to_have_count(2)
    expect(figure).to_contain_text("users: SHARED_NO_WRITE")
    expect(page.locator("figure[data-of=r1-growth]")).to_contain_text("mysql: rows to the power of 0.92")
    page = show(at="#r0")
    race = page.locator("figure[data-plot=race]")
    expect(race).to_contain_text("✓ succeeded")
    expect(race).to_contain_text("✗ failed")


def test_branches_stand_in_lanes_and_lead_to_their_revisions(show: Open, tmp_path: Path) -> None:
    run = big_run(6)
    *rest, last = run.project.revisions
    branched = replace(run.project, revisions=(*rest, replace(last, down=(name(4),))))
    path = tmp_path / "branched.html"
    path.write_text(html.render(replace(run, project=branched)), encoding="utf-8")
    page = show(path)
    figure = page.locator("figure[data-plot=graph]")
    expect(figure).to_contain_text(f"✓ {name(5)}")
    figure.get_by_text(name(6)).click()
    expect(page.locator("#r1")).to_be_visible()


def test_what_is_folded_is_printed(show: Open) -> None:
    page = show()
    page.emulate_media(media="print")
    assert (
        page.locator("details.revision")
        .nth(3)
        .locator("pre")
        .first.evaluate("each => each.checkVisibility()")
    )
    expect(page.locator("#filters")).to_be_hidden()


def test_a_report_of_little_has_no_plots_and_no_complaints(show: Open, tmp_path: Path) -> None:
    path = tmp_path / "little.html"
    path.write_text(html.render(RUN), encoding="utf-8")
    page = show(path)
    assert rows(page) == ["the", "0002", "0001"]
    assert page.locator("figure").count() == 0


def test_a_large_one_is_soon_there(show: Open, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(html.render(big_run(100)), encoding="utf-8")
    show(path)
    page = show(path)
    # A clock would time the tests beside this one too; what its process took holds its own start and all behind the
    # first paint, and so is the most that a free processor needs for it.
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    took = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < took["ProcessTime"] < 1.0
    path.write_text(html.render(big_run(1000)), encoding="utf-8")
    page = show(path)
    begun = time.monotonic()
    page.get_by_role("searchbox", name="Find").fill(name(500))
    expect(page.locator("details.revision:visible")).to_have_count(2)
    assert time.monotonic() - begun < 5.0
