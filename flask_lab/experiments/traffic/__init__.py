"""Every revision over many rows, while others read and write."""

from __future__ import annotations

from collections.abc import Iterator

from flask_lab.errors import TreeError
from flask_lab.experiments.base import Experiment, Fault, Observation, Stage
from flask_lab.experiments.traffic.course import Course
from flask_lab.experiments.traffic.judging import faults
from flask_lab.experiments.traffic.walk import Rehearsing
from flask_lab.traffic.crowd import Crowd


class Traffic(Experiment):
    """How long do readers and writers wait while a revision is applied to many rows?

    Question: does a revision make the app wait? For how long, by which lock, is the table written anew, and how does
    it grow with the rows?
    Method: the tree is walked once on an empty database, to learn which tables each revision works on. On MySQL and
    MariaDB each ALTER TABLE is asked there for the cheapest algorithm that the server agrees to. Then it is walked over
    rows (--rows): the tables that a revision works on are filled on the server, a process of its own reads and writes
    single rows of every table by their keys, and the revision is applied. Operations are due by a timetable, and count
    from when they were due, so that a stall is counted in full, also by those that could not be begun. Another session
    looks at the locks of the one that migrates. Where the time depends on rows, it is measured at a quarter and at a
    sixteenth of them too; --forecast says what that means for the rows that you have. What takes its time over each
    row, and more than ten seconds over all of them, is measured over fewer. --blocker puts a transaction in the way
    that has read the tables and stays open.
    A revision that fails under traffic is tried over the same rows without any.
    Passes when: no read and no write waits longer than its budget ([tool.flask_lab.budget], in milliseconds; a second
    where nothing is said), here or, by the forecast, over --forecast rows; and traffic makes no revision fail, but one
    that gives up behind --blocker.
    Cannot see: your hardware, your indices' order, your load. Several revisions in one transaction, which hold what the
    first has locked until the last is done. Locks on MariaDB without its plugin metadata_lock_info.
    """

    name = "traffic"
    of_tree = False
    around = True

    def run(self, stage: Stage) -> None:
        seen = False
        for bind in stage.project.engines:
            rehearsed = Rehearsing(stage, stage.project.tree.orders()[0], bind)
            rehearsed.observe()
            seen = seen or rehearsed.has_run
            with Crowd() as crowd:
                Course(stage, rehearsed, crowd).run()
        if not seen and any(stage.asks(each.id) for each in stage.project.tree.revisions):
            raise TreeError.no_steps(stage.project.script.dir)

    def judge(self, observation: Observation) -> Iterator[Fault]:
        yield from faults(observation.facts)
