"""What the browser is told to refuse, tokens on every form, cookies, and errors in the asker's own form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.app.calls import add_user, submit

TEMPLATES = Path(__file__).resolve().parents[2] / "app" / "templates"


@pytest.mark.parametrize("address", ["/", "/users/new", "/nope", "/api/v1/users", "/up", "/static/lab.css"])
def test_every_answer_has_the_headers(lite: Flask, address: str) -> None:
    with lite.test_client().get(address) as answer:
        headers = answer.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_no_template_has_anything_inline_or_from_elsewhere() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://|//[a-z]+\.", text), template


def test_every_form_that_changes_something_has_a_token() -> None:
    forms = 0
    for template in TEMPLATES.rglob("*.html"):
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(), re.DOTALL):
            assert "token()" in form, template
            forms += 1
    assert forms >= 10


@pytest.mark.parametrize(
    "address", ["/users/new", "/users/1/delete", "/teams/1/members/1/remove", "/tasks/1/done"]
)
def test_form_without_token_changes_nothing(lite: Flask, address: str) -> None:
    client = lite.test_client()
    user = add_user(client)
    answer = client.post(address, data={"username": "eve", "email": "eve@example.com"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "go back, reload it" in answer.text
    assert client.get("/api/v1/users").get_json()["items"] == [user]


def test_token_of_another_session_is_refused(lite: Flask) -> None:
    page = lite.test_client().get("/users/new").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    answer = lite.test_client().post(
        "/users/new", data={"csrf_token": found[1], "username": "a", "email": "a@example.com"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(("base", "secure"), [("http://localhost", False), ("https://localhost", True)])
def test_session_cookie(lite: Flask, base: str, secure: bool) -> None:
    cookie = lite.test_client().get("/users/new", base_url=base).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


def test_pages_are_not_kept_by_caches(lite: Flask) -> None:
    assert lite.test_client().get("/users").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("address", "kind"), [("/nope", "text/html"), ("/api/nope", "application/json")])
def test_errors_in_the_form_that_the_asker_reads(lite: Flask, address: str, kind: str) -> None:
    answer = lite.test_client().get(address)
    assert (answer.status_code, answer.mimetype) == (404, kind)


def test_method_not_allowed_says_which_are(lite: Flask) -> None:
    answer = lite.test_client().put("/api/v1/users/1")
    assert answer.status_code == 405
    assert {"GET", "PATCH", "DELETE"} <= set(answer.headers["Allow"].split(", "))


def break_down() -> str:
    """A view with a bug."""
    return str(1 // 0)


def test_bug_shows_no_traceback(lite: Flask) -> None:
    lite.add_url_rule("/broken", view_func=break_down)
    lite.add_url_rule("/api/broken", "api_broken", view_func=break_down)
    for address in ("/broken", "/api/broken"):
        answer = lite.test_client().get(address)
        assert answer.status_code == 500
        assert "Traceback" not in answer.text
        assert "ZeroDivision" not in answer.text


def test_deleting_asks_first(lite: Flask) -> None:
    client = lite.test_client()
    user = add_user(client)
    page = client.get(f"/users/{user['id']}/delete")
    assert "Delete ann?" in page.text
    assert client.get(f"/users/{user['id']}").status_code == 200
    assert submit(client, f"/users/{user['id']}/delete").status_code == 303
