"""Rules and experiments: what `flask lab explain` prints."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue

from flask_lab.experiments import EXPERIMENTS
from flask_lab.rules import RULES
from flask_lab.web.pages import render


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
    found = [rule for rule in RULES.values() if rule.experiment == name]
    return render(
        "experiment.html", experiment=EXPERIMENTS[name], question=question, page=rest.strip(), rules=found
    )
