"""The lab's pages in a real Chromium, under their strict policy: they fit, can be read, filtered and walked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flask_lab import store
from tests.browser.conftest import Watch
from tests.unit.big_run import big_run, name
from tests.unit.sample_run import RUN

BIG, BROKEN, SMALL = "20261125-090000-b1b1", "20261124-000000-torn", "20261121-120029-ab12"
PAGES = [
    "/lab/",
    f"/lab/runs/{BIG}",
    f"/lab/runs/{BIG}/revisions/{name(14)}",
    f"/lab/runs/{BIG}/tree",
    f"/lab/runs/{BIG}/since/{SMALL}",
    f"/lab/runs/{BROKEN}",
    "/lab/database",
    "/lab/rules",
    "/lab/rules/blocks-writes",
    "/lab/experiments/race",
    "/lab/runs/none",
]
# What axe-core looks at changes little with width and theme, and it takes its time.
EXAMINED = [("light", 1280), ("dark", 390)]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for place in range(30):
        store.save(
            replace(RUN, id=f"20261121-1200{place:02}-ab12", findings=RUN.findings[place % 3 :]), folder
        )
    store.save(replace(big_run(120), id=BIG), folder)
    (folder / BROKEN).mkdir()
    (folder / BROKEN / "run.json").write_text("{")
    return folder


@pytest.fixture(autouse=True)
def kept(app: Flask, runs: Path) -> None:
    app.config["LAB_STORE"] = str(runs)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_every_page_fits_and_is_accessible(
    browser: Browser, origin: str, watch: Watch, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 900}
    context = browser.new_context(base_url=origin, viewport=size, color_scheme=scheme)  # type: ignore[arg-type]  # words
    watch.follow(context)
    page = context.new_page()
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        if (scheme, width) in EXAMINED:
            found = Axe().run(page)
            assert found.violations_count == 0, f"{address}\n{found.generate_report()}"
    context.close()


def test_from_the_list_to_a_revision_and_back(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Lab", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    expect(page.locator("figure[data-plot=trend] svg")).to_be_visible()
    expect(page.get_by_text("25 of 32 runs")).to_be_visible()
    page.get_by_role("link", name="Next →").click()
    expect(page.get_by_text("32 of 32 runs")).to_be_visible()
    page.go_back()
    page.locator("table.runs tbody a").first.click()
    page.locator("#grid").get_by_role("link", name=name(119), exact=True).click()
    expect(page.locator("figure[data-plot=latency] svg").first).to_be_visible()
    page.get_by_role("link", name=f"newer: {name(120)} →").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name(120))
    page.get_by_role("link", name=f"run {RUN.id}").or_(page.get_by_role("link", name=f"run {BIG}")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("in 120 revisions")


def test_a_run_is_filtered_by_what_was_asked_for(page: Page) -> None:
    page.goto(f"/lab/runs/{BIG}")
    page.get_by_role("combobox", name="Verdict").select_option("failed")
    page.get_by_role("combobox", name="Database").select_option("mysql")
    page.get_by_role("button", name="Show", exact=True).click()
    names = [each.inner_text().split()[0] for each in page.locator("table.grid tbody th").all()]
    assert names == ["the", *(name(number) for number in range(119, 0, -7))]
    expect(page.locator("table.grid thead th[data-e]")).to_have_count(7)
    page.get_by_role("searchbox", name="Find").fill("phone_49")
    page.keyboard.press("Enter")
    expect(page.locator("table.grid tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("table.grid tbody tr")).to_have_count(100)


def test_a_finding_is_followed_to_its_place(page: Page) -> None:
    page.goto(f"/lab/runs/{BIG}")
    page.locator("#deploy dd a").first.click()
    assert "/revisions/" in page.url or page.url.partition("#")[0].endswith("/tree")
    expect(page.locator(f"#{page.url.partition('#')[2]} .remedy")).to_be_visible()


def test_without_scripts_all_can_be_read(browser: Browser, origin: str, watch: Watch) -> None:
    context = browser.new_context(base_url=origin, java_script_enabled=False)
    watch.follow(context)
    page = context.new_page()
    page.goto(f"/lab/runs/{BIG}?backend=mysql&verdict=failed")
    expect(page.locator("table.grid tbody tr").nth(1)).to_be_visible()
    page.goto(f"/lab/runs/{BIG}/revisions/{name(14)}")
    expect(page.locator(".seen")).to_contain_text("writes wait 480 ms (users)")
    expect(page.locator("figure").first).to_be_hidden()
    context.close()


def test_a_run_that_goes_while_it_is_looked_at_is_not_found(page: Page, app: Flask, tmp_path: Path) -> None:
    app.config["LAB_STORE"] = str(tmp_path / "own")
    store.save(RUN, tmp_path / "own")
    page.goto("/lab/")
    shutil.rmtree(tmp_path / "own" / RUN.id)
    page.locator("table.runs tbody a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not Found")
