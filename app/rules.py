"""What a value may be, whichever door it comes through: limits that every column keeps on every database.

Each rule returns the value as it is stored, or raises `ValueError` with a reason that a person can act on.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

from email_validator import EmailNotValidError, validate_email

ID_MAX = 2**31 - 1
BIG_ID_MAX = 2**63 - 1
# MySQL's TEXT holds 65,535 bytes, and a character takes up to four.
PROSE_MAX = 16_000
# MariaDB refuses JSON nested deeper than 32 levels, MySQL than 100.
JSON_DEPTH = 8
JSON_MAX = 16_000

USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
MONEY = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?")


def line(given: str, longest: int) -> str:
    """One line of text, trimmed, not empty."""
    text = _stored(given, longest)
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        raise ValueError("holds a control character or a line break: leave it out")
    if not text:
        raise ValueError("is empty")
    return text


def prose(given: str, longest: int = PROSE_MAX) -> str | None:
    """Text of several lines, trimmed; nothing at all when it is blank."""
    return _stored(given.replace("\r\n", "\n"), longest) or None


def username(given: str) -> str:
    """Lower case; letters, digits and inner dots, hyphens and underscores."""
    name = line(given, 64).lower()
    if not USERNAME.fullmatch(name):
        raise ValueError("takes a to z, 0 to 9, and . _ - between them")
    return name


def email(given: str) -> str:
    """A well-formed address in lower case. Whether mail arrives there is not asked."""
    address = line(given, 254)
    try:
        # Addresses under .test are what people try things out with.
        parts = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"is not an email address: {error}") from error
    return line(parts.normalized.lower(), 254)


def tag(given: str) -> str:
    """Lower case, one line, no commas: forms list tags with commas between them."""
    name = line(given.lower(), 40)
    if "," in name:
        raise ValueError("holds a comma: give each tag by itself")
    return name


def money(given: object) -> Decimal:
    """An amount with at most two decimals, given as text or as a number."""
    written = str(given).strip() if isinstance(given, str | int | float | Decimal) else ""
    if isinstance(given, bool) or not MONEY.fullmatch(written):
        raise ValueError("is an amount such as 1250.00: up to ten digits, up to two decimals, not negative")
    return Decimal(written)


def json_object(given: object) -> dict[str, Any]:
    """A JSON object that all four databases keep alike: shallow, finite, small, with storable text."""
    if not isinstance(given, dict):
        raise ValueError("is not a JSON object")
    _check_json(given, JSON_DEPTH)
    if len(json.dumps(given)) > JSON_MAX:
        raise ValueError(f"takes more than {JSON_MAX:,} characters as JSON")
    return given


def _check_json(value: object, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"is nested deeper than {JSON_DEPTH} levels")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_json(key, depth)
            _check_json(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner, depth - 1)
    elif isinstance(value, str):
        _storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    elif isinstance(value, int) and abs(value) > BIG_ID_MAX:
        raise ValueError("holds a whole number beyond 64 bits")


def _stored(given: str, longest: int) -> str:
    text = given.strip()
    if len(text) > longest:
        raise ValueError(f"takes {longest:,} characters at most")
    _storable(text)
    return text


def _storable(text: str) -> None:
    # PostgreSQL keeps no NUL, and half a surrogate pair has no UTF-8 form on any of them.
    if "\x00" in text:
        raise ValueError("holds a NUL character: leave it out")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half of a surrogate pair: send whole characters")
