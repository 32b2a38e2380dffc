"""A person adds, finds, changes and deletes people, teams, projects and tasks with mouse and keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def add_person(page: Page, name: str, address: str = "") -> None:
    page.goto("/users")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email").fill(address or f"{name}@example.com")
    page.get_by_role("button", name="Add").click()


def test_person_from_first_to_last(page: Page) -> None:
    add_person(page, "Zoe", "zoe@example.com")
    expect(page.get_by_role("status")).to_contain_text("zoe was added.")
    expect(page.get_by_role("heading", name="zoe")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Bio").fill("Line one\nLine <b>two</b>")
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Line <b>two</b>")).to_be_visible()
    expect(page.locator(".facts").get_by_text("inactive")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete zoe?")).to_be_visible()
    page.get_by_role("link", name="Keep").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("zoe was deleted.")


def test_name_that_is_taken_is_said_beside_its_field(page: Page) -> None:
    add_person(page, "zoe")
    add_person(page, "zoe", "other@example.com")
    field = page.get_by_label("Username")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#username-problem-1")).to_contain_text("is taken")
    expect(field).to_have_value("zoe")


def test_search_and_paging(page: Page) -> None:
    page.goto("/users")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)
    first = rows.first.inner_text()
    expect(page.locator(".pager")).to_contain_text(re.compile("1\N{EN DASH}25 of [0-9]+ people"))
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("26\N{EN DASH}")
    assert rows.first.inner_text() != first
    page.get_by_role("link", name="Previous").click()
    assert rows.first.inner_text() == first
    page.get_by_role("searchbox").fill("ada")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=ada$"))
    assert all("ada" in text for text in rows.all_inner_texts())
    page.get_by_role("searchbox").fill("<nobody>")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Nobody matches “<nobody>”")).to_be_visible()


def test_team_project_and_task(page: Page) -> None:
    add_person(page, "zoe")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Teams").click()
    page.get_by_role("link", name="Add a team").click()
    page.get_by_label("Name").fill("Night shift")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Username").fill("zoe")
    page.get_by_label("Role").select_option("owner")
    page.get_by_role("button", name="Add a member").click()
    expect(page.get_by_role("row", name="zoe owner")).to_be_visible()
    page.get_by_role("link", name="Add a project").click()
    page.get_by_label("Name").fill("Moonrise")
    page.get_by_label("Budget").fill("1234.5")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("1,234.50")).to_be_visible()
    page.get_by_label("New task").fill("Look up")
    page.get_by_label("Assignee").fill("zoe")
    page.get_by_label("Tags").fill("sky, night")
    page.get_by_role("button", name="Add a task").click()
    row = page.get_by_role("row", name="Look up")
    expect(row).to_contain_text("sky")
    row.get_by_role("button").click()
    expect(page.get_by_role("row", name="Look up")).to_contain_text("done")
    page.get_by_role("link", name="Look up").click()
    page.get_by_role("button", name="Delete this task").click()
    expect(page.get_by_text("No tasks yet.")).to_be_visible()


def test_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/users")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
