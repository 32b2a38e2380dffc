"""Which revisions came after one of them, or since a commit; asks git, and no database."""

from __future__ import annotations

import subprocess
from pathlib import Path

from flask_lab.errors import ConfigError
from flask_lab.tree import Tree


def revisions_since(tree: Tree, since: str, folder: Path) -> frozenset[str]:
    """The revisions that a database at `since` lacks; or those whose files were added or changed since a git ref.

    `since` is a revision's id or the beginning of one, `base`, or a git ref, from where HEAD left it. `folder` holds
    the revisions. ConfigError when it is none of these.
    """
    if since == "base":
        return frozenset(each.id for each in tree.revisions)
    found = [each.id for each in tree.revisions if each.id == since]
    found = found or [each.id for each in tree.revisions if each.id.startswith(since)]
    if len(found) == 1:
        return frozenset(each.id for each in tree.revisions) - tree.below(found[0]) - {found[0]}
    if found:
        raise ConfigError(
            f"--since {since} may be any of {', '.join(found[:5])}", "give more of the revision's id"
        )
    changed = _changed(since, folder)
    return frozenset(each.id for each in tree.revisions if Path(each.path).resolve() in changed)


def _changed(ref: str, folder: Path) -> set[Path]:
    """The files in `folder` that are not as they were in a commit, those not yet added to git among them."""
    try:
        git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"--since {ref}: there is no such revision, and no such commit in git",
            "flask db history lists the revisions; a shallow clone in CI lacks commits: fetch them (fetch-depth: 0)",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"--since {ref}: there is no such revision, and no git to ask: {error.strerror}"
        ) from error
    try:
        begun = git(folder, "merge-base", ref, "HEAD").strip()
    except subprocess.CalledProcessError:
        # No history in common, as in a shallow clone: then the commit itself.
        begun = ref
    top = Path(git(folder, "rev-parse", "--show-toplevel").strip())
    changed = git(folder, "diff", "--name-only", "-z", "--diff-filter=d", begun, "--", ".").split("\0")
    new = git(folder, "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ".").split(
        "\0"
    )
    return {(top / each).resolve() for each in (*changed, *new) if each}


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints; CalledProcessError when it fails, OSError where there is no git."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
