"""What all resources share: reading a request strictly, lists in pages, and typed faces on smorest's decorators."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import marshmallow as ma
from flask import Request
from flask_smorest import Blueprint
from marshmallow import fields, validate
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from ... import queries, rules
from ...errors import Invalid
from ...schemas import Ruled

Function = TypeVar("Function", bound=Callable[..., Any])
PAGE_SIZE = 25
PAGE_SIZE_MAX = 100


class StrictParser(FlaskParser):
    """Refuses what it does not know with 400, and a body that is not JSON with 415."""

    DEFAULT_VALIDATION_STATUS = 400
    # A misspelt filter would else return everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  (webargs has it per instance)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "json": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body, parsed. Python's parser would also take NaN, and run out of stack on deep nesting."""
        if not req.is_json:
            raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
        try:
            return json.loads(req.get_data(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise BadRequest(f"The body is not JSON: {reason}.") from error

    def handle_error(self, error: ma.ValidationError, *args: Any, **kwargs: Any) -> NoReturn:
        """Answer 400 with the messages by field."""
        messages = cast("dict[str, dict[str, Any]]", error.messages)
        merged = {field: said for location in messages.values() for field, said in location.items()}
        raise Invalid(merged) from error


class Resource(Blueprint):  # type: ignore[misc]  # smorest ships no types; the methods below state those that are used
    """A part of the API, mounted under /api/v1."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix=f"/api/v1/{name}", description=description)
        self.name = f"api_{name.replace('-', '_')}"

    def body(self, schema: ma.Schema) -> Callable[[Function], Function]:
        """Pass the request's JSON body to the function."""
        return cast(Callable[[Function], Function], self.arguments(schema, location="json"))

    def query(self, schema: type[ListQuery]) -> Callable[[Function], Function]:
        """Pass the query string to the function."""
        return cast(Callable[[Function], Function], self.arguments(schema, location="query"))

    def answers(
        self, status: int, schema: ma.Schema | None = None, fails: tuple[int, ...] = ()
    ) -> Callable[[Function], Function]:
        """Render the function's result, and say in the document how it may fail."""

        def decorate(function: Function) -> Function:
            for code in (*fails, 503):
                function = self.alt_response(code, "DEFAULT_ERROR")(function)
            return cast(Function, self.response(status, schema)(function))

        return decorate


class ListQuery(ma.Schema):
    """What every list takes."""

    page = fields.Integer(load_default=1, validate=validate.Range(1, queries.PAGE_MAX))
    page_size = fields.Integer(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_MAX))


class SearchQuery(ListQuery):
    """What lists with text in them take."""

    q = Ruled(lambda given: rules.prose(given, 200) or "", 200, load_default="")


def sorting(*columns: str) -> fields.String:
    """A field that orders a list by one of `columns`, the first one unless told; `-` before it turns the order."""
    choices = [*columns, *(f"-{column}" for column in columns)]
    return fields.String(load_default=columns[0], validate=validate.OneOf(choices))


def referring(highest: int = rules.ID_MAX) -> fields.Integer:
    """A field that keeps to the records that refer to another one."""
    return fields.Integer(validate=validate.Range(1, highest))


def page_schema(item: ma.Schema) -> ma.Schema:
    """The schema of a page of `item`."""
    name = type(item).__name__.removesuffix("Schema")
    return ma.Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "page": fields.Integer(),
            "page_size": fields.Integer(),
            "total": fields.Integer(metadata={"description": f"at most {queries.COUNT_LIMIT}"}),
            "total_is_exact": fields.Boolean(),
            "next_page": fields.Integer(allow_none=True),
        },
        name=f"{name}PageSchema",
    )()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
