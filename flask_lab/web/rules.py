"""Rules and experiments: what `flask lab explain` prints."""

from __future__ import annotations

import re

from flask import abort
from flask.typing import ResponseReturnValue

from flask_lab.experiments import EXPERIMENTS
from flask_lab.rules import RULES
from flask_lab.web.pages import render

PART = re.compile(r"\n(?=[A-Z][a-z]+(?: [a-z]+)?: )")
"""Where a page's next part begins: `Passes when: `."""


def index() -> ResponseReturnValue:
    """Every rule, by the experiment that finds it."""
    found = {
        each: [rule for rule in RULES.values() if rule.experiment == each.name]
        for each in EXPERIMENTS.values()
    }
    return render("rules.html", found=found)


def show(name: str) -> ResponseReturnValue:
    """One rule."""
    if name not in RULES:
        abort(404, f"There is no rule {name}.")
    return render("rule.html", rule=RULES[name])


def experiment(name: str) -> ResponseReturnValue:
    """One experiment: question, method, when it passes, what it cannot see."""
    if name not in EXPERIMENTS:
        abort(404, f"There is no experiment {name}.")
    question, _, rest = EXPERIMENTS[name].page.partition("\n")
    parts = [each.split(": ", 1) for each in PART.split(rest.strip()) if each]
    told = {title: " ".join(said.split()) for title, said in parts}
    found = [rule for rule in RULES.values() if rule.experiment == name]
    return render("experiment.html", experiment=EXPERIMENTS[name], question=question, told=told, rules=found)
