"""The files of a commit in a folder of their own, so that another release can be opened beside this one; asks git."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_lab.errors import ConfigError
from flask_lab.since import git

FOLDER = "lab_release_"
"""How the names of the folders begin."""


def commit_of(ref: str, folder: Path) -> str:
    """The commit that a git ref names in the repository of `folder`; ConfigError when there is none."""
    try:
        return git(
            folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
        ).strip()
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"--old-ref {ref}: there is no such commit in git",
            "git tag and git branch list the names; a shallow clone in CI lacks commits: fetch them (fetch-depth: 0)",
        ) from error
    except OSError as error:
        raise ConfigError(f"--old-ref {ref}: there is no git to ask: {error.strerror}") from error


@contextmanager
def checked_out(ref: str, folder: Path) -> Iterator[Path]:
    """A temporary copy of `folder` as it was in a commit, with the rest of its repository around it.

    From an archive: a work tree would be noted in the repository itself, which is not the lab's.
    """
    commit = commit_of(ref, folder)
    top = Path(git(folder, "rev-parse", "--show-toplevel").strip())
    within = git(folder, "rev-parse", "--show-prefix").strip()
    with tempfile.TemporaryDirectory(prefix=FOLDER) as place:
        command = ["git", "-C", str(top), "archive", "--format=tar", commit]
        archive = subprocess.run(command, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(place, filter="data")
        yield Path(place).resolve() / within
