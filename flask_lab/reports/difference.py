"""The difference of two runs: for terminals, as Markdown for a pull request, and as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flask_lab.comparing import NEW_REVISION, BackendChange, Difference, Sighting, Turn
from flask_lab.paces import Machine, Pace
from flask_lab.reports.markdown import details, inline
from flask_lab.reports.terminal import LOOKS, text
from flask_lab.results import FORMAT, BackendReport, Finding, Run, Severity, Verdict, plain

NEW = "new"
NEWLY_ASKED = "found where nobody had asked before"
NOT_ASKED = "not asked again, so that nobody knows"
GONE = "gone"
ERRORED = "broke off, and had not before"
TURNED = "looked at in another way"
# A shape and a colour for each, as in LOOKS; the words are above.
SLOWER, QUICKER, OTHER = ("▲", "yellow"), ("▼", "green"), ("·", "dim")


def report(seen: Difference) -> RenderableType:
    """What differs, for a terminal: first what matters most, and one line to end on."""
    return Group(
        *_heading(seen),
        *_section(LOOKS[Verdict.ERRORED], ERRORED, broke_off(seen)),
        *_full(LOOKS[Verdict.FAILED], NEW, seen.new),
        *_listed(LOOKS[Verdict.FAILED], NEWLY_ASKED, seen.newly_asked),
        *_listed(LOOKS[Verdict.SKIPPED], NOT_ASKED, seen.not_asked),
        *_full(LOOKS[Verdict.PASSED], GONE, seen.gone),
        *_section(LOOKS[Verdict.KNOWN], TURNED, [*map(turn, (*seen.accepted, *seen.severity))]),
        *_section(OTHER, "databases", [*map(backend, seen.backends)]),
        *_section(OTHER, "revisions", [*revisions(seen)]),
        *_paces(SLOWER, "slower", seen.slower),
        *_paces(QUICKER, "quicker", seen.quicker),
        *(Text(each, "dim") for each in machines(seen)),
        _summary(seen),
    )


def render(seen: Difference) -> str:
    """The same as plain text of 100 columns."""
    return text(report(seen))


def _heading(seen: Difference) -> Iterator[RenderableType]:
    if said := projects(seen):
        yield Text(f"! {said}", LOOKS[Verdict.ERRORED][1])
    yield Text(f"from {_named(seen.before)}\nto   {_named(seen.after)}", "dim")


def _full(look: tuple[str, str], title: str, sightings: tuple[Sighting, ...]) -> Iterator[RenderableType]:
    """Findings with what they say, and how to see them."""
    lines = [line for each in sightings for line in _block(each.finding, each.reason)]
    yield from _section(look, title, lines, len(sightings))


def _listed(look: tuple[str, str], title: str, sightings: tuple[Sighting, ...]) -> Iterator[RenderableType]:
    """Findings by why they cannot be compared: a line each, as there may be as many as in a whole run."""
    lines: list[RenderableType] = []
    for reason, group in by_reason(sightings):
        lines.append(Text(reason, "bold"))
        if reason == NEW_REVISION:
            # What most people compare two runs for.
            lines += [Padding(line, (0, 0, 0, 2)) for each in group for line in _block(each)]
        else:
            lines += map(_in_short, group)
    yield from _section(look, title, lines, len(sightings))


def _block(finding: Finding, reason: str = "") -> list[RenderableType]:
    again = Text(f"again: {finding.repeat}", "dim")
    said = Padding(Group(Text(finding.message), again), (0, 0, 0, 2))
    return [_line(finding, reason), said]


def _in_short(finding: Finding) -> Text:
    line = Text("  ", no_wrap=True, overflow="ellipsis")
    return line.append(_line(finding)).append(f"  {' '.join(finding.message.split())}", "dim")


def _line(finding: Finding, reason: str = "") -> Text:
    if finding.accepted is not None:
        head = (f"{LOOKS[Verdict.KNOWN][0]} known: {finding.rule}", LOOKS[Verdict.KNOWN][1])
    else:
        style = "bold red" if finding.severity is Severity.ERROR else "bold yellow"
        head = (f"{finding.severity}: {finding.rule}", style)
    return Text.assemble(head, f"  {where(finding)}", (f"  ({reason})" if reason else "", "yellow"))


def _section(
    look: tuple[str, str], title: str, lines: Iterable[RenderableType], count: int | None = None
) -> Iterator[RenderableType]:
    found = [Text(each) if isinstance(each, str) else each for each in lines]
    if found:
        yield Text(f"\n{look[0]} {title}: {len(found) if count is None else count}", look[1])
        yield from (Padding(each, (0, 0, 0, 2)) for each in found)


def _paces(look: tuple[str, str], title: str, paces: tuple[Pace, ...]) -> Iterator[RenderableType]:
    if not paces:
        return
    table = Table.grid(padding=(0, 2))
    for each in paces:
        table.add_row(*(Text(said) for said in pace(each)))
    yield Text(f"\n{look[0]} {title}: {len(paces)}", look[1])
    yield Padding(table, (0, 0, 0, 2))


def _summary(seen: Difference) -> Text:
    is_worse = any(each.finding.accepted is None for each in (*seen.new, *seen.newly_asked))
    if seen.errored:
        look = LOOKS[Verdict.ERRORED]
    elif is_worse:
        look = LOOKS[Verdict.FAILED]
    elif seen.not_asked or not seen.places.both:
        look = LOOKS[Verdict.SKIPPED]
    else:
        look = SLOWER if seen.slower else LOOKS[Verdict.PASSED]
    return Text(f"\n{look[0]} {summary(seen)}", look[1])


def summary(seen: Difference) -> str:
    """All of it in one line, with what it is based on."""
    counts = {
        "broke off": len(seen.errored),
        "new": len(seen.new),
        "found where nobody had asked": len(seen.newly_asked),
        "not asked again": len(seen.not_asked),
        "gone": len(seen.gone),
        "looked at in another way": len(seen.accepted) + len(seen.severity),
        "slower": len(seen.slower),
        "quicker": len(seen.quicker),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    places = seen.places
    asked = f"asked in both: {places.both} places; only before: {places.before}, only now: {places.after}"
    if not places.both:
        return f"{told or 'nothing to compare'}; {asked}"
    return f"{told or ('nothing differs' if seen.is_empty else 'no finding differs')}; {asked}"


def markdown(seen: Difference) -> str:
    """What differs, as a comment that says all in its first lines and folds the rest away."""
    return "\n".join(_markdown(seen)) + "\n"


def _markdown(seen: Difference) -> Iterator[str]:
    yield "## Migrations: what differs"
    yield ""
    if said := projects(seen):
        yield f"**{inline(said)}**"
        yield ""
    yield inline(summary(seen))
    yield ""
    yield f"From {inline(_named(seen.before))} to {inline(_named(seen.after))}"
    yield from _bullets(f"💥 {ERRORED}", broke_off(seen))
    for title, sightings in ((f"❌ {NEW}", seen.new), (f"❌ {NEWLY_ASKED}", seen.newly_asked)):
        if sightings:
            yield from ("", f"### {title}: {len(sightings)}")
        for reason, group in by_reason(sightings):
            if reason:
                yield from ("", inline(reason))
            for each in group:
                yield from details(each)
    yield from _bullets(f"⚪ {NOT_ASKED}", map(_told, seen.not_asked))
    yield from _bullets(f"✅ {GONE}", map(_told, seen.gone))
    yield from _bullets(f"☑️ {TURNED}", map(turn, (*seen.accepted, *seen.severity)))
    yield from _bullets("Databases", map(backend, seen.backends))
    yield from _bullets("Revisions", revisions(seen))
    for title, paces in (("🐢 slower", seen.slower), ("🐇 quicker", seen.quicker)):
        yield from _bullets(title, (", ".join(pace(each)) for each in paces))
    yield from _bullets("Machines", machines(seen))


def _bullets(title: str, lines: Iterable[str]) -> Iterator[str]:
    if found := list(lines):
        yield from ("", f"### {title}: {len(found)}", "", *(f"- {inline(each)}" for each in found))


def _told(seen: Sighting) -> str:
    reason = f" ({seen.reason})" if seen.reason else ""
    return f"{seen.finding.rule}, {where(seen.finding)}: {seen.finding.message}{reason}"


def as_json(seen: Difference) -> str:
    """What differs, for other programs: keys are only ever added within one FORMAT."""
    value: dict[str, Any] = {
        "format": FORMAT,
        "before": _head(seen.before),
        "after": _head(seen.after),
        "places": plain(seen.places),
        **{name: [_sighting(each) for each in getattr(seen, name)] for name in SIGHTINGS},
        **{name: [_turn(each) for each in getattr(seen, name)] for name in ("accepted", "severity")},
        "errored": [
            {name: plain(getattr(each, name)) for name in ("experiment", "backend", "revision", "reason")}
            for each in seen.errored
        ],
        "backends": plain(seen.backends),
        "revisions": {
            name: [each.id for each in getattr(seen.revisions, name)]
            for name in ("added", "removed", "edited")
        },
        "slower": plain(seen.slower),
        "quicker": plain(seen.quicker),
        "machines": plain(seen.machines),
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


SIGHTINGS = ("new", "gone", "not_asked", "newly_asked")
FORMATS: dict[str, Callable[[Difference], str]] = {
    "terminal": render,
    "markdown": markdown,
    "json": as_json,
}


def _head(run: Run) -> dict[str, Any]:
    head = {
        name: plain(getattr(run, name)) for name in ("id", "started", "seconds", "lab_version", "verdict")
    }
    return {**head, "app": run.project.app}


def _sighting(seen: Sighting) -> dict[str, Any]:
    return {**plain(seen.finding), "reason": seen.reason}


def _turn(seen: Turn) -> dict[str, Any]:
    return {**plain(seen.finding), "before": seen.before, "after": seen.after}


def projects(seen: Difference) -> str:
    """That the runs are of two projects, if they are."""
    one, other = seen.before.project.app, seen.after.project.app
    return f"these are two projects: {one}, and then {other}" if one != other else ""


def by_reason(sightings: Iterable[Sighting]) -> Iterator[tuple[str, list[Finding]]]:
    """Findings of which the same is to be said, together."""
    groups: dict[str, list[Finding]] = {}
    for each in sightings:
        groups.setdefault(each.reason, []).append(each.finding)
    yield from groups.items()


def where(finding: Finding) -> str:
    """Where a finding is, in words."""
    return f"{finding.revision or 'the whole tree'} on {', '.join(finding.backends)}"


def turn(seen: Turn) -> str:
    """What has become of a finding, in words."""
    what = f"{seen.finding.rule}, {where(seen.finding)}"
    if seen.before is None:
        return f"{what}: accepted now: {seen.after}"
    if seen.after is None:
        return f"{what}: no longer accepted, which it was for: {seen.before}"
    return f"{what}: {seen.after} now, and {seen.before} before"


def backend(change: BackendChange) -> str:
    """What has become of a backend, in words."""
    return f"{change.name}: {_state(change.after)} now, and {_state(change.before)} before"


def _state(seen: BackendReport | None) -> str:
    if seen is None:
        return "not asked for"
    if seen.verdict is Verdict.PASSED:
        return f"version {seen.version}" if seen.version else "there"
    return f"{seen.verdict.value} ({seen.reason})"


def revisions(seen: Difference) -> Iterator[str]:
    """What has become of the tree, in words."""
    tree = seen.revisions
    for word, changed in (("added", tree.added), ("removed", tree.removed), ("edited", tree.edited)):
        yield from (f"{word}: {each.id} {each.message}".rstrip() for each in changed)


def pace(seen: Pace) -> tuple[str, str, str]:
    """A step, how long it took, and how many times as long as before that is."""
    what = seen.what if seen.experiment == "stairway" else f"{seen.what} under traffic"
    step = f"{seen.revision or 'the whole tree'} on {seen.backend}: {what}"
    if not seen.times:
        times = "from nothing" if seen.times is None else "to nothing"
    else:
        # Which way is said by where it stands.
        many = max(seen.times, 1 / seen.times)
        times = f"{many:.1f} times" if many < 10 else f"{many:.0f} times"
    return step, f"{_seconds(seen.before)} to {_seconds(seen.after)}", times


def machines(seen: Difference) -> Iterator[str]:
    """How quick the machine of the later run was, by backend, where that is another speed."""
    found: dict[str, list[Machine]] = {}
    for each in filter(lambda one: one.is_other, seen.machines):
        found.setdefault(each.backend, []).append(each)
    for name, each_experiment in found.items():
        told = ", ".join(f"{_speed(each.times)} ({each.experiment})" for each in each_experiment)
        yield f"{name}: {told} throughout, which is left out above"


def _speed(times: float) -> str:
    return f"{times:.1f} times slower" if times > 1 else f"{1 / times:.1f} times quicker"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def broke_off(seen: Difference) -> list[str]:
    """Where something broke off, and why."""
    return [
        f"{each.experiment} on {each.backend}{f' at {each.revision}' if each.revision else ''}: {each.reason}"
        for each in seen.errored
    ]


def _named(run: Run) -> str:
    on = ", ".join(each.name for each in run.backends)
    return f"{run.id} ({run.project.app}, {run.started:%Y-%m-%d %H:%M}) on {on or 'nothing'}"
