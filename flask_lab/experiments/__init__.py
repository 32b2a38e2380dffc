"""The experiments there are, in the order in which they run; each is one file."""

from __future__ import annotations

from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.crash import Crash
from flask_lab.experiments.data import Data
from flask_lab.experiments.drift import Drift
from flask_lab.experiments.options import Options
from flask_lab.experiments.parity import Parity
from flask_lab.experiments.portability import Portability
from flask_lab.experiments.race import Race
from flask_lab.experiments.rolling import Rolling
from flask_lab.experiments.stairway import Stairway
from flask_lab.experiments.traffic import Traffic

__all__ = ["EXPERIMENTS", "Experiment", "Fault", "Observation", "Options", "Stage"]

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Stairway(),
        Data(),
        Drift(),
        Parity(),
        Portability(),
        Crash(),
        Race(),
        Rolling(),
        Traffic(),
    )
}
