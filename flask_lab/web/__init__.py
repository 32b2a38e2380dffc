"""Pages that show stored runs, for any Flask app: read-only, and there only where an app registers them.

    from flask_lab.web import lab
    app.register_blueprint(lab, url_prefix="/lab")

Whoever may see the app may then see them: what guards other pages (`before_request`, a proxy) has to guard these. Runs
are those of LAB_STORE in the app's config, else where `flask lab run` keeps them.
"""

from __future__ import annotations

from flask_lab.web.database import register as register_database
from flask_lab.web.pages import lab
from flask_lab.web.rules import register as register_rules
from flask_lab.web.runs import register as register_runs

__all__ = ["lab"]

for register in (register_runs, register_database, register_rules):
    register(lab)
