"""Files that appear whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file, and the folders it lies in; OSError leaves what was there before."""
    if path.exists() and not path.is_file():
        # A device or a pipe, which must not be replaced by a file.
        path.write_text(text, encoding="utf-8")
        return
    place = path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(place)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
