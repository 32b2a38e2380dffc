"""What all pages have in common: the blueprint, how a template becomes a page, and what the browser must refuse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from jinja2 import Environment, PackageLoader
from werkzeug.exceptions import HTTPException, InternalServerError

from flask_lab import store
from flask_lab.errors import LabError

# The pages' own files and nothing else; nothing inline.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

PARTS = Path(__file__).parents[1] / "reports" / "html" / "static"

lab = Blueprint("flask_lab", __name__, static_folder="static", static_url_path="/static")


class Broken(Exception):
    """A run that is stored and cannot be read."""

    def __init__(self, run: str, problem: str) -> None:
        super().__init__(run, problem)
        self.run = run
        self.problem = problem


def folder() -> Path:
    """Where this app's runs are."""
    given = current_app.config.get("LAB_STORE")
    return Path(given) if given else store.folder_of(Path.cwd())


def render(template: str, plots: Mapping[str, Any] | None = None, **values: Any) -> str:
    """A page, and what its plots are drawn from. Not by the app's own Jinja, whose filters and settings may be any."""
    found = _environment().get_template(template)
    return found.render(plots=plots or {}, url_for=url_for, request=request, **values)


def at(**changes: object) -> str:
    """This page's address with other arguments, None for none."""
    given: dict[str, Any] = request.args.to_dict() | (request.view_args or {}) | changes
    return url_for(request.endpoint or "", **{name: value for name, value in given.items() if value})


@cache
def _environment() -> Environment:
    from flask_lab.reports import html  # noqa: PLC0415  (all that makes reports, which an app can do without)

    environment = html.environment(PackageLoader(__name__))
    environment.globals["at"] = at
    return environment


@lab.get("/report/<path:name>")
def part(name: str) -> ResponseReturnValue:
    """A style sheet or script of the report, which is the same here."""
    return send_from_directory(PARTS, name)


@lab.after_request
def _guard(response: Response) -> Response:
    # A file that is handed out as a whole is not shown here.
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint and not request.endpoint.endswith((".static", ".part")):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@lab.errorhandler(HTTPException)
def _missing(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    return render("problem.html", error=error), error.code


@lab.errorhandler(LabError)
def _broken(error: LabError) -> ResponseReturnValue:
    return render("problem.html", error=InternalServerError(f"{error}.")), 500


@lab.errorhandler(Broken)
def _unread(error: Broken) -> ResponseReturnValue:
    return render("broken.html", id=error.run, problem=error.problem)
