"""One page that holds a whole run: opens from anywhere, asks no network, and can be read without scripts."""

from __future__ import annotations

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flask_lab.experiments import EXPERIMENTS
from flask_lab.reports import view
from flask_lab.reports.brief import duration
from flask_lab.reports.evidence import SQL, evidence, statements
from flask_lab.reports.words import WORDS
from flask_lab.results import Run
from flask_lab.rules import RULES

STATIC = Path(__file__).parent / "static"


def render(run: Run) -> str:
    """The run as text."""
    return environment().get_template("report.html").render(run=run, view=view.View(run))


def environment(*others: BaseLoader) -> Environment:
    """What renders the report's templates, and those that `others` have."""
    environment = Environment(
        loader=ChoiceLoader([*others, PackageLoader(__name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": False}
    environment.globals |= {
        "RULES": RULES,
        "SQL": SQL,
        "evidence": evidence,
        "statements": statements,
        "inline": _inline,
    }
    questions = {each.name: each.page.partition("\n")[0] for each in EXPERIMENTS.values()}
    environment.globals |= {"WORDS": WORDS, "QUESTIONS": questions}
    environment.filters |= {"duration": duration, "plural": view.plural, "text": _text}
    return environment


def _text(said: object) -> Markup:
    """Text between tags, where quotation marks may stay what they are: scripts and SQL are full of them."""
    return Markup(str(said).replace("&", "&amp;").replace("<", "&lt;"))  # noqa: S704  (escaped here)


def _inline(name: str) -> Markup:
    """A file of ours, as it is."""
    return Markup((STATIC / name).read_text(encoding="utf-8"))  # noqa: S704  (it comes with this package)
