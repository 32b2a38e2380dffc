"""Pages that show stored runs, for any Flask app: read-only, and there only where an app registers them.

    from flask_lab.web import lab
    app.register_blueprint(lab, url_prefix="/lab")

Whoever may see the app may then see them: what guards other pages (`before_request`, a proxy) has to guard these. Runs
are those of LAB_STORE in the app's config, else where `flask lab run` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue
from werkzeug.utils import import_string

from flask_lab.web.pages import lab

__all__ = ["lab"]

PAGES = {
    "/": ("runs", "runs:index"),
    "/runs/<run>": ("run", "runs:show"),
    "/runs/<run>/tree": ("tree", "runs:about"),
    "/runs/<run>/revisions/<path:revision>": ("revision", "runs:about"),
    "/runs/<run>/since/<before>": ("since", "runs:since"),
    "/runs/<run>/report.html": ("report", "runs:report"),
    "/runs/<run>/run.json": ("facts", "runs:facts"),
    "/database": ("database", "database:show"),
    "/rules": ("rules", "rules:index"),
    "/rules/<name>": ("rule", "rules:show"),
    "/experiments/<name>": ("experiment", "rules:experiment"),
}
"""Address, endpoint, and the function behind it."""


def lazy(name: str) -> Callable[..., ResponseReturnValue]:
    """A view that is imported when somebody looks: with it comes the whole engine, which `flask db` can do without."""

    def view(**arguments: Any) -> ResponseReturnValue:
        function: Any = import_string(f"{__name__}.{name}")
        answer: ResponseReturnValue = function(**arguments)
        return answer

    return view


for address, (endpoint, name) in PAGES.items():
    lab.add_url_rule(address, endpoint, lazy(name))
