"""The documentation at /docs: a page made from the OpenAPI document, with nothing from outside."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from litestar import MediaType, Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from trading_mcp.api.openapi import corrected
from trading_mcp.api.rest.routing import REFUSALS
from trading_mcp.api.schema_words import Schema, Words

_STYLE = Path(__file__).with_name("docs.css")
_JSON = "application/json"


class OpenApiJson(OpenAPIRenderPlugin):
    """Serves the document. It is made once: anybody may ask, and it takes a while."""

    def __init__(self, *, path: str):
        super().__init__(path=path, media_type=MediaType.JSON, favicon="", style="")
        self._made = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document."""
        self._made = self._made or json.dumps(corrected(openapi_schema, request.app)).encode()
        return self._made


class DocsPage(OpenAPIRenderPlugin):
    """Serves the page, made once for each of the few names that the server is called by."""

    def __init__(self, *, path: str):
        super().__init__(path=path, favicon="", style="")
        self._made: dict[str, bytes] = {}

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page. The commands on it name the address at which it was asked for."""
        base = str(request.base_url).rstrip("/")
        if base not in self._made:
            document = corrected(openapi_schema, request.app)
            self._made[base] = Page(document, base).html().encode()
        return self._made[base]


class Page:
    """The page for one *document*, of a server that is reached at *base*."""

    def __init__(self, document: dict[str, Any], base: str):
        self._document, self._base = document, base
        self._words = Words(document["components"]["schemas"])

    def html(self) -> str:
        """Return the whole page."""
        sections: dict[str, list[tuple[str, str, Any]]] = {}
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                entry = (method.upper(), path, operation)
                sections.setdefault(operation["tags"][0], []).append(entry)
        title = escape(self._document["info"]["title"])
        links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in sections)
        body = "".join(self._section(name, entries) for name, entries in sections.items())
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<style>{_style()}</style><header><h1>{title}</h1>"
            f"<p>Version {escape(self._document['info']['version'])}, at {escape(self._base)}. "
            f'For machines: <a href="/docs/openapi.json">openapi.json</a>, MCP at '
            f"<code>{escape(self._base)}/mcp</code>, WebSocket at <code>/ws</code>.</p>"
            f"<nav>{links}</nav></header><main>{body}{_errors()}</main></html>"
        )

    def _section(self, name: str, entries: Iterable[tuple[str, str, Any]]) -> str:
        operations = "".join(self._operation(*entry) for entry in entries)
        return f'<section id="{_anchor(name)}"><h2>{escape(name)}</h2>{operations}</section>'

    def _operation(self, method: str, path: str, operation: Any) -> str:
        body = operation.get("requestBody")
        schema = body["content"][_JSON]["schema"] if body else None
        return (
            f'<details id="{escape(operation["operationId"])}"><summary>'
            f'<b class="{method.lower()}">{method}</b><code>{escape(path)}</code>'
            f"<span>{escape(operation.get('description', ''))}</span></summary>"
            f"{_table('Parameters', self._parameters(operation))}"
            f"{_table(_body_title(body), self._fields(schema)) if schema else ''}"
            f"<h3>Try it</h3><pre>{escape(self._curl(method, path, schema))}</pre>"
            f"{self._answers(operation)}</details>"
        )

    def _parameters(self, operation: Any) -> Iterator[tuple[str, str, str]]:
        for given in operation.get("parameters", ()):
            name = f"{given['name']} ({given['in']}{', required' * given['required']})"
            yield name, self._words.taken(given["schema"]), given.get("description", "")

    def _fields(self, schema: Schema) -> Iterator[tuple[str, str, str]]:
        shape = self._words.resolved(schema)
        for name, field in shape.get("properties", {}).items():
            required = " (required)" * (name in shape.get("required", ()))
            yield name + required, self._words.taken(field), field.get("description", "")

    def _curl(self, method: str, path: str, schema: Schema | None) -> str:
        command = f"curl -X {method} " if method != "GET" else "curl "
        url = (self._base + path).replace("{", "").replace("}", "")
        if schema is None:
            return command + url
        body = json.dumps(_required(self._words.resolved(schema), self._words.example(schema)))
        return f"{command}{url} -H 'Content-Type: {_JSON}' -d '{body}'"

    def _answers(self, operation: Any) -> str:
        [(kind, content)] = operation["responses"]["200"]["content"].items()
        if kind != _JSON:
            return f"<h3>Answer</h3><p>{escape(kind)}</p>"
        answer = json.dumps(self._words.example(content["schema"]), indent=2, ensure_ascii=False)
        return f"<h3>Answer</h3><pre>{escape(answer)}</pre>"


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<h3>{title}</h3><table>{cells}</table>" if cells else ""


def _errors() -> str:
    example = '{"success": false, "error": "…", "code": "INVALID_PARAMETER", "details": {}}'
    rows = [(str(status), str(spec.description), "") for status, spec in REFUSALS.items()]
    return f"<section><h2>Errors</h2><pre>{escape(example)}</pre>{_table('Status', rows)}</section>"


def _body_title(body: Any) -> str:
    return "Body" if body and body["required"] else "Body (may be left out)"


def _required(shape: Schema, whole: Any) -> Any:
    """Return of an example what must be there; all of it, if nothing must."""
    needed = {k: v for k, v in whole.items() if k in shape.get("required", ())}
    return needed or {k: v for k, v in whole.items() if k != "idempotency_key"}


def _anchor(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower())


@cache
def _style() -> str:
    return _STYLE.read_text()
