"""What the code reads from its environment, which verbs there are, and what it prints: taken from the source text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from flask_lab.backends import PRODUCTS

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (
    "app",
    "migrations",
    "docker",
    "flask_lab",
    "tests/harness",
    "tests/browser",
    "tests/compose",
    "docs",
)
SHELL = ("scripts/*.sh", "docker/*.sh", "docker-compose.yml")
# Of the shell, of make, and of a request's WSGI environment.
NOT_OURS = {"HOME", "PWD", "SECONDS", "BASH_SOURCE", "MAKEFILE_LIST", "PATH_INFO"}
# Functions that look a variable up by the name they are given.
READERS = {"get", "getenv", "number", "_names", "_text_or_file", "_seconds", "_count", "_flag"}
NAME = re.compile(r"[A-Z][A-Z0-9_]*")
LEAST = 15  # letters that a message must have beside its values, to be told from another


def verbs() -> set[str]:
    """The targets of the Makefile that `make` prints."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def settings() -> dict[str, str]:
    """Every variable that is read, with its default where the text has one."""
    found: dict[str, str] = {}
    for name, default in [*_in_python(), *_in_shell(), *_in_make()]:
        found[name] = found.get(name) or default
    return found


def messages() -> list[re.Pattern[str]]:
    """Patterns of every message in the source; what is filled in at run time may be anything."""
    pieces = [*_python_messages(), *_shell_messages()]
    return [
        re.compile(".*".join(map(re.escape, each))) for each in pieces if len("".join(each).strip()) >= LEAST
    ]


def _python_files() -> Iterator[Path]:
    for folder in PYTHON:
        yield from (ROOT / folder).rglob("*.py")


def _in_python() -> Iterator[tuple[str, str]]:
    for path in _python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in READERS:
                yield from ((name, default) for name, default in _looked_up(node) if name not in NOT_OURS)
    yield from ((f"LAB_{name.upper()}_URL", "") for name, product in PRODUCTS.items() if product.image)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        # `.get` of a dict is no setting; `environ.get` is.
        return function.attr if "environ" in ast.unparse(function.value) else ""
    return function.id if isinstance(function, ast.Name) else ""


def _looked_up(node: ast.Call) -> Iterator[tuple[str, str]]:
    constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    if not constants or not isinstance(constants[0], str) or not NAME.fullmatch(constants[0]):
        return
    default = str(constants[1]) if len(constants) > 1 else ""
    yield constants[0], default
    if _called(node) == "_text_or_file":
        yield f"{constants[0]}_FILE", ""


def _in_shell() -> Iterator[tuple[str, str]]:
    texts = [path.read_text() for pattern in SHELL for path in ROOT.glob(pattern)]
    text = "\n".join(re.sub(r"(?m)^\s*#.*$", "", each).replace("$$", "") for each in texts)
    assigned = set(re.findall(r"(?:^|[\s;(])([A-Z_]+)=", text, re.MULTILINE))
    for name, default in re.findall(r"\$\{?([A-Z][A-Z_]*)(?::-([^}]*))?", text):
        if name not in NOT_OURS and (name not in assigned or f"${{{name}:" in text):
            yield name, "" if default.startswith("$") else default
    # `NAME:` without a value is passed on by Compose; the app reads it.
    yield from ((name, "") for name in re.findall(r"(?m)^ +([A-Z_]+):$", text))


def _in_make() -> Iterator[tuple[str, str]]:
    text = (ROOT / "Makefile").read_text()
    assigned = set(re.findall(r"^([A-Z]+) :?= ", text, re.MULTILINE))
    for name in re.findall(r"\$\((?:if |or )?\$?\(?([A-Z]+)\b", text):
        if name not in assigned | NOT_OURS:
            yield name, ""
    yield from re.findall(r"^([A-Z]+) \?= (\S+)", text, re.MULTILINE)


def _python_messages() -> Iterator[list[str]]:
    for path in _python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield _fixed(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.split(r"%(?:\.\d)?[sdgf]", node.value)


def _fixed(node: ast.JoinedStr) -> list[str]:
    """The pieces of an f-string between its values."""
    pieces = [""]
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces[-1] += str(part.value)
        else:
            pieces.append("")
    return pieces


def _shell_messages() -> Iterator[list[str]]:
    for path in (ROOT / "scripts").glob("*.sh"):
        for quoted in re.findall(r'"((?:\$\("[^"]*"[^)]*\)|\\.|[^"\\\n])*)"', path.read_text()):
            yield re.split(r"\$\([^)]*\)+|\$\{[^}]*\}|\$\w+", quoted)
