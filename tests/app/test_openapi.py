"""The OpenAPI document: complete, consistent, and made without a warning."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.models import AuditEvent, Project, Task


def references(node: Any) -> set[str]:
    """Every `$ref` below `node`."""
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def test_document_covers_every_route_and_resolves(lite: Flask) -> None:
    document = lite.test_client().get("/api/openapi.json").get_json()
    routes = {
        (rule.rule.replace("<row:", "{").replace(">", "}"), method.lower())
        for rule in lite.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert described == routes
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_writes_say_how_they_fail(lite: Flask) -> None:
    document = lite.test_client().get("/api/openapi.json").get_json()
    responses = document["paths"]["/api/v1/users"]["post"]["responses"]
    assert {"201", "400", "409", "415", "503"} <= set(responses)
    schemas = document["components"]["schemas"]
    assert "required" in schemas["User"]
    assert "required" not in schemas["UserChange"]


def test_what_may_be_null_says_so(lite: Flask) -> None:
    schemas = lite.test_client().get("/api/openapi.json").get_json()["components"]["schemas"]
    for model in (AuditEvent, Project, Task):
        properties = schemas[model.__name__]["properties"]
        said = {name for name, schema in properties.items() if schema.get("nullable")}
        columns = {column.name for column in model.__table__.columns if column.nullable}
        assert columns & set(properties) == said, model


def test_what_may_not_be_empty_says_so(lite: Flask) -> None:
    schemas = lite.test_client().get("/api/openapi.json").get_json()["components"]["schemas"]
    assert schemas["Team"]["properties"]["name"]["minLength"] == 1
    assert schemas["Task"]["properties"]["notes"]["minLength"] == 0
