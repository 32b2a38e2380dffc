"""The whole run as JSON, for other programs."""

from __future__ import annotations

import json

from flask_lab.results import Run


def render(run: Run) -> str:
    """The run as text."""
    return json.dumps(run.as_json(), indent=1, ensure_ascii=False) + "\n"
