"""`flask lab …`: parse, call one function, render, exit. Reports go to stdout, progress to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo

from flask_lab import reports, sqltext, store, survey
from flask_lab.accepted import accept, in_comments, read_baseline, write_baseline
from flask_lab.backends import PRODUCTS
from flask_lab.comparing import difference
from flask_lab.config import FAIL_ON, Config, read_config
from flask_lab.errors import ConfigError, LabError, TreeError
from flask_lab.experiments import EXPERIMENTS
from flask_lab.merging import merged
from flask_lab.progress import Progress
from flask_lab.project import own_engines
from flask_lab.results import Run, Verdict
from flask_lab.rules import RULES
from flask_lab.runner import Request
from flask_lab.runner import run as run_experiments
from flask_lab.waiting import wait_for

LEAST_ROWS, MOST_ROWS = 100, 1_000_000_000
FOUND, WRONG, BROKEN, INTERRUPTED = 1, 2, 3, 130


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """The one place where an error becomes a line and an exit code."""

    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (ConfigError, TreeError) as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(WRONG)
        except LabError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(BROKEN)
        except KeyboardInterrupt:
            click.echo("Interrupted; what the lab had made is gone.", err=True)
            sys.exit(INTERRUPTED)

    return wrapped


def _plain(name: str, help_text: str, metavar: str) -> click.Option:
    """An option of the group that its commands find in the context, whichever group it is."""

    def keep(context: click.Context, _option: click.Parameter, value: str | None) -> None:
        context.meta[f"flask_lab.{name}"] = value

    return click.Option([f"--{name}"], help=help_text, metavar=metavar, expose_value=False, callback=keep)


PLAIN: list[click.Parameter] = [
    _plain(
        "alembic",
        "A plain Alembic project in place of an app: its alembic.ini or pyproject.toml.",
        "FILE[:SECTION]",
    ),
    _plain("metadata", "Where the models of a plain project are; else only env.py says so.", "MODULE:NAME"),
]


def _count(_context: click.Context, _parameter: click.Parameter, given: str | None) -> int | None:
    """A number of rows, with or without `_` between its digits."""
    if given is None:
        return None
    try:
        rows = int(given)
    except ValueError:
        raise click.BadParameter(f"{given!r} is no number of rows, such as 1_000_000") from None
    if not LEAST_ROWS <= rows <= MOST_ROWS:
        raise click.BadParameter(f"{rows} is not between {LEAST_ROWS} and {MOST_ROWS:_}")
    return rows


@click.group(params=PLAIN)
def lab() -> None:
    """Run every revision of this app's tree on every database it will meet."""


@lab.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@click.option(
    "--on", help="Backends, with commas between: sqlite,postgres:17,mysql. Default: all within reach."
)
@click.option("--require", is_flag=True, help="A backend that cannot be reached is an error.")
@click.option("--only", help="Ask about this revision alone; the others are only passed through.")
@click.option(
    "--since",
    metavar="REV",
    help="Ask about the revisions after this one, or new since a git ref: origin/main.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[:PATH]",
    help=f"Repeatable: {', '.join(reports.FORMATS)}.",
)
@click.option("--baseline", type=click.Path(path_type=Path), help="Accept the findings that this file lists.")
@click.option(
    "--write-baseline", type=click.Path(path_type=Path), help="Accept all findings from now on, in this file."
)
@click.option("--fail-on", type=click.Choice(FAIL_ON), help="Exit with 1 at this or worse. Default: error.")
@click.option("--processes", type=click.IntRange(2, 32), help="How many race each other. Default: 4.")
@click.option(
    "--rounds", type=click.IntRange(1, 100), help="How often they race, from each state. Default: 3."
)
@click.option(
    "--slow",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    help="How long the winner of a race is held up. Default: 6.",
)
@click.option(
    "--old-ref",
    metavar="GIT_REF",
    help="The previous release, whose own models rolling asks at the head: v1.4, origin/main.",
)
@click.option(
    "--rows", callback=_count, metavar="N", help="Rows of a table under traffic: 1_000_000. Default: 100_000."
)
@click.option(
    "--forecast", callback=_count, metavar="N", help="Say what traffic is to expect over so many rows."
)
@click.option(
    "--blocker",
    type=click.FloatRange(min=0, max=600),
    metavar="SECONDS",
    help="Put an open transaction in the way of each revision under traffic.",
)
@click.option("--keep", is_flag=True, help="Keep the databases of failed cells, and say how to open them.")
@click.option(
    "--no-store", "store", is_flag=True, default=True, flag_value=False, help="Do not keep the run for show."
)
@click.pass_context
@told
def run(context: click.Context, experiments: tuple[str, ...], **options: Any) -> None:
    """Ask EXPERIMENTs (default: all) of the tree, on every backend."""
    config = configured(context, options)
    request = replace(_request(context, config, experiments), keep=options["keep"])
    outputs = [reports.parse_format(each) for each in options["formats"] or ("terminal",)]
    accepted = read_baseline(config.baseline) if config.baseline else []
    kept = store.folder_of(Path.cwd()) if options["store"] else None
    # Terminated is interrupted: what the workers have made has to go in both cases.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Progress() as progress:
        seen = run_experiments(request, progress)
    seen = accept(seen, [*in_comments(seen.project.revisions), *accepted])
    others: list[Callable[[], object]] = []
    if kept:
        others.append(partial(store.save, seen, kept))
    if options["write_baseline"]:
        others.append(partial(write_baseline, options["write_baseline"], seen.findings))
    reports.write_all(seen, reports.RUN, outputs, *others)
    sys.exit(exit_code(seen, config))


@lab.command()
@click.argument("name", required=False, metavar="[RUN]")
@click.option(
    "--diff",
    "pair",
    nargs=2,
    metavar="RUN RUN",
    help="What is new, gone or slower from one run to another: previous latest.",
)
@click.option("--format", "formats", multiple=True, metavar="FORMAT[:PATH]", help="As for run.")
@told
def show(name: str | None, pair: tuple[str, str] | None, formats: tuple[str, ...]) -> None:
    """Report a stored RUN again (default: the latest), or a JSON report at a path, in any format.

    `previous` is the run before the latest. A difference is a report too: the exit code is 0 whatever it says.
    """
    folder = store.folder_of(Path.cwd())
    if pair is None:
        outputs = [reports.parse_format(each) for each in formats or ("terminal",)]
        reports.write_all(store.load(name or store.LATEST, folder), reports.SHOWN, outputs)
        return
    if name is not None:
        raise ConfigError(f"--diff compares two runs, and {name} is a third", "give it two of them")
    outputs = [reports.parse_format(each, reports.DIFFERENCE) for each in formats or ("terminal",)]
    before, after = (store.load(each, folder) for each in pair)
    reports.write_all(difference(before, after), reports.DIFFERENCE, outputs)


@lab.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option("--format", "formats", multiple=True, metavar="FORMAT[:PATH]", help="As for run.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Accept the findings that this file lists.")
@click.option("--require", is_flag=True, help="A backend that could not be reached is an error.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), help="Exit with 1 at this or worse. Default: error.")
@told
def merge(names: tuple[str, ...], formats: tuple[str, ...], **options: Any) -> None:
    """Report several RUNs as one: a matrix's jobs, say, each with one backend. Exits as run does."""
    config = read_config("", options)
    outputs = [reports.parse_format(each) for each in formats or ("terminal",)]
    accepted = read_baseline(config.baseline) if config.baseline else []
    seen = merged([store.load(name, store.folder_of(Path.cwd())) for name in names])
    seen = accept(seen, [*in_comments(seen.project.revisions), *accepted])
    reports.write_all(seen, reports.RUN, outputs)
    sys.exit(exit_code(seen, config))


@lab.command()
@click.option("--on", help="Backends, with commas between. Default: one of each product.")
@told
def backends(on: str | None) -> None:
    """Say where each backend would come from, its version and start-up time, or what to do."""
    found = survey.survey(read_config("", {"on": on}).on)
    survey.write(found)


@lab.command()
@click.option(
    "--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0), help="Seconds to wait in all."
)
@click.pass_context
@told
def wait(context: click.Context, timeout: float) -> None:
    """Wait until the app's own databases answer; end with the driver's last error if they do not."""
    engines = own_engines(read_config(_app(context), {}).app)
    wait_for(engines, timeout, lambda said: click.echo(said, err=True))


@lab.command()
@click.argument("revision", default="head", metavar="[REV]")
@click.option("--on", help="Backends, with commas between. Default: one of each product.")
@click.option("--downgrade", is_flag=True, help="The way back, too.")
@click.pass_context
@told
def sql(context: click.Context, revision: str, on: str | None, downgrade: bool) -> None:
    """Print the SQL of a revision (default: the head), backend beside backend; needs no server."""
    config = configured(context, {"on": on})
    found = sqltext.texts(config, revision, ("upgrade", "downgrade") if downgrade else ("upgrade",))
    sqltext.write(*found, sys.stdout)


@lab.command()
@click.argument("name", required=False)
@told
def explain(name: str | None) -> None:
    """Explain a rule or an experiment; without a NAME, list them."""
    if name is None:
        for experiment in EXPERIMENTS.values():
            click.echo(f"{experiment.name}: {experiment.page.splitlines()[0]}")
            for rule in RULES.values():
                if rule.experiment == experiment.name:
                    click.echo(f"  {rule.name:<26} {rule.severity:<8} {rule.title}")
    elif name in EXPERIMENTS:
        click.echo(f"{name}\n\n{EXPERIMENTS[name].page}")
    elif name in RULES:
        rule = RULES[name]
        head = f"{rule.name} ({rule.severity}, found by {rule.experiment})"
        parts = [head, f"{rule.title}.", rule.why, f"Remedy: {rule.remedy}"]
        click.echo("\n\n".join([*parts, rule.code.rstrip()] if rule.code else parts))
    else:
        raise ConfigError.unknown_name("rule or experiment", name, [*EXPERIMENTS, *RULES])


def exit_code(seen: Run, config: Config) -> int:
    """3 before 1, because what broke off has not been judged."""
    missing = config.require and any(each.verdict is Verdict.SKIPPED for each in seen.backends)
    # What needs no server is no run of the tree, unless nothing else was asked for.
    reached = {each.name for each in seen.backends if each.verdict is not Verdict.SKIPPED}
    needs_none = all(not EXPERIMENTS[each.experiment].needs_server for each in seen.cells)
    ran = any(
        cell.verdict is not Verdict.SKIPPED and (needs_none or cell.backend in reached) for cell in seen.cells
    )
    if missing or not ran or seen.verdict is Verdict.ERRORED:
        return BROKEN
    return FOUND if any(map(config.fails, seen.findings)) else 0


def configured(context: click.Context, options: Mapping[str, Any]) -> Config:
    """The settings of a command: its own options, and what was said before its name."""
    plain = {name: context.meta.get(f"flask_lab.{name}") for name in ("alembic", "metadata")}
    app = context.ensure_object(ScriptInfo).app_import_path or ""
    return read_config(app if plain["alembic"] else app or _app(context), {**plain, **options})


def _app(context: click.Context) -> str:
    return context.ensure_object(ScriptInfo).app_import_path or os.environ.get("FLASK_APP", "")


def _program(context: click.Context, config: Config) -> str:
    """How this command was called: `flask --app APP lab run`, `python -m flask_lab --app APP run`.

    LAB_PROGRAM goes before: who started the lab in a container called something else.
    """
    if wrapper := os.environ.get("LAB_PROGRAM"):
        return f"{wrapper} {context.info_name}"
    root = context.find_root().info_name or "flask"
    command = context.command_path.removeprefix(root)
    if config.alembic is None:
        return f"{root}{f' --app {config.app}' if config.app else ''}{command}"
    metadata = f" --metadata {config.alembic.metadata}" if config.alembic.metadata else ""
    named = f" --alembic {config.alembic}{metadata}"
    # Options stand after the group that has them.
    return (
        f"{root} lab{named}{command.removeprefix(' lab')}"
        if command.startswith(" lab ")
        else f"{root}{named}{command}"
    )


def _request(context: click.Context, config: Config, experiments: tuple[str, ...]) -> Request:
    for name in experiments:
        if name.partition(":")[0] in PRODUCTS:
            raise ConfigError(
                f"{name} is a backend, not an experiment",
                f"with commas between, --on takes several: --on sqlite,{name}",
            )
        if name not in EXPERIMENTS:
            raise ConfigError.unknown_name("experiment", name, list(EXPERIMENTS))
    return Request(
        app=config.app,
        backends=config.on,
        experiments=experiments or tuple(EXPERIMENTS),
        command=tuple(sys.argv[1:]),
        program=_program(context, config),
        url_env=config.url_env,
        alembic=config.alembic,
        only=frozenset({config.only}) if config.only else None,
        since=config.since,
        options=config.options,
    )
