"""How schemas differ, and in which words; and how SQL text is read, whatever its spelling."""

from __future__ import annotations

import pytest

from flask_lab.backends.catalogue.sqltext import Reader, canonical, source, split, tokens, unwrapped
from flask_lab.schema import Difference, Name, Schema, differences

USERS = Name("table", "", "users")
EMAIL = Name("column", "users", "email")
LONG_LIST = [f"number {n}" for n in range(20)]
INDEX = Name("index", "users", "ix_users_email")
ROLE = Name("enumeration", "", "role")
KEY = Name("primary key", "users", "")
SCHEMA: Schema = {
    USERS: {"comment": None},
    EMAIL: {"type": "text", "nullable": False},
    INDEX: {"columns": ("email",), "unique": True},
    ROLE: {"values": ("admin", "member")},
    KEY: {"columns": ("id",), "name": "pk_users"},
}


def told(before: Schema, after: Schema) -> list[str]:
    return [str(each) for each in differences(before, after)]


def without(*names: Name) -> Schema:
    return {name: each for name, each in SCHEMA.items() if name not in names}


def test_equal_schemas_do_not_differ_whatever_their_order() -> None:
    assert differences(SCHEMA, dict(reversed(list(SCHEMA.items())))) == []


def test_a_missing_attribute_is_none() -> None:
    assert differences(SCHEMA, {**SCHEMA, USERS: {}}) == []


def test_a_changed_attribute_is_told_with_both_values() -> None:
    after: Schema = {**SCHEMA, EMAIL: {"type": "text", "nullable": True}}
    assert differences(SCHEMA, after) == [Difference(EMAIL, "nullable", False, True)]
    assert told(SCHEMA, after) == ["column users.email: nullable is true, was false"]


def test_parts_that_come_and_go_are_told() -> None:
    assert told(SCHEMA, without(INDEX, ROLE)) == [
        "enumeration role is gone",
        "index ix_users_email on users is gone",
    ]
    assert told(without(ROLE, KEY), SCHEMA) == ["enumeration role is left", "primary key on users is left"]
    [gone] = differences(SCHEMA, without(INDEX))
    assert (gone.attribute, gone.before, gone.after) == (None, SCHEMA[INDEX], None)


def test_a_table_that_came_or_went_is_one_difference() -> None:
    none = {ROLE: SCHEMA[ROLE]}
    assert told(SCHEMA, none) == ["table users is gone"]
    assert told(none, SCHEMA) == ["table users is left"]


def test_lists_and_empty_values_have_words() -> None:
    after = {
        **SCHEMA,
        ROLE: {"values": ()},
        KEY: {"columns": ("id", "name"), "name": None},
        USERS: {"comment": ""},
    }
    assert told(SCHEMA, after) == [
        "enumeration role: values is none, was admin, member",
        "table users: comment is empty, was none",
        "primary key on users: columns is id, name, was id",
        "primary key on users: name is none, was pk_users",
    ]


def test_long_values_are_shown_where_they_part() -> None:
    view = Name("view", "", "v")
    texts = ["SELECT " + "a, " * 100 + each + " FROM t" + " WHERE x" * 50 for each in ("left", "right")]
    [words] = told({view: {"definition": texts[0]}}, {view: {"definition": texts[1]}})
    assert len(words) < 250
    assert "right FROM t" in words.split(", was ")[0]
    assert "left FROM t" in words.split(", was ")[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("age>0 AND  name<>''", "\"age\" > 0 -- why\n and [name] <> ''"),
        ("LOWER(`email`)", "lower ( email )"),
        ("a /* b, ( */ + 1.5e3", "A+1.5e3"),
        ('"users"."id"', "users . id"),
    ],
)
def test_spellings_of_one_thing_are_one(one: str, other: str) -> None:
    assert canonical(tokens(one)) == canonical(tokens(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("name = 'A'", "name = 'a'"),
        ("name = 'a  b'", "name = 'a b'"),
        ("a = 1 - 1", "a = 1 -1 - 1"),
        ('"current_date"', "current_date"),
        ('"a b"', "a b"),
        ("id AS Name", "id AS name"),
        ("x'00'", "'00'"),
    ],
)
def test_what_means_another_thing_stays_apart(one: str, other: str) -> None:
    assert canonical(tokens(one)) != canonical(tokens(other))


def test_brackets_hold_what_is_between_them() -> None:
    [word, group] = tokens("f((a, ')'), b)")
    assert (word.text, group.kind) == ("f", "group")
    assert [source(part, "f((a, ')'), b)") for part in split(group.inside)] == ["(a, ')')", "b"]
    assert canonical(unwrapped(tokens("((a > 0))"))) == "a > 0"


@pytest.mark.parametrize("sql", ["f(a", "f a)"])
def test_brackets_that_do_not_match_are_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        tokens(sql)


def test_square_brackets_are_quotes_or_lists() -> None:
    assert [each.kind for each in tokens("[a b]")] == ["name"]
    assert [each.text for each in tokens("x[1]", brackets_quote=False)] == ["x", "[", "1", "]"]


def test_a_reader_takes_what_it_expects() -> None:
    reader = Reader(tokens('ON "my"."table" USING btree'))
    assert reader.accept("ON")
    assert not reader.accept("ON")
    assert reader.path() == ["my", "table"]
    assert [each.text for each in reader.until("BTREE")] == ["USING"]
    assert reader.sees("BTREE")
    with pytest.raises(ValueError, match="btree"):
        reader.group()
    with pytest.raises(ValueError, match="too early"):
        reader.take()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (LONG_LIST[:-1], "column users.email: type has no more 'number 19'"),
        ([*LONG_LIST[1:], "new"], "column users.email: type has no more 'number 0', and now 'new'"),
        (LONG_LIST[::-1], "column users.email: type has its values in another order"),
    ],
)
def test_a_long_list_is_told_by_what_came_and_went(after: list[str], said: str) -> None:
    def listed(values: list[str]) -> str:
        return f"enum({','.join(map(repr, values))})"

    assert str(Difference(EMAIL, "type", listed(LONG_LIST), listed(after))) == said
