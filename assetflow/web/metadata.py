"""Metadata for the page: markdown as safe HTML, links that lead to the web or nowhere, tables as columns and rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt

from assetflow.web.schemas.assets import Meta

_SCHEMES = {"http", "https", "mailto"}
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
_IMAGES = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,")
_LONGEST_MARKDOWN = 2_000_000
_ROWS_SHOWN = 1000
_TYPES = {
    "text": "text", "int": "int", "float": "float", "bool": "bool", "url": "url", "md": "md", "path": "path",
    "json": "json", "notebook": "notebook", "asset": "asset", "run": "run", "timestamp": "timestamp", "null": "null",
    "table": "table", "table_schema": "column_schema", "column_schema": "column_schema",
    "table_column_lineage": "column_lineage", "column_lineage": "column_lineage", "python_artifact": "text",
    "asset_check": "text", "job": "text", "pipeline_run": "run", "dagster_run": "run",
}  # fmt: skip


def metas_of(told: str | Mapping[str, Any]) -> list[Meta]:
    """Metadata as it is kept, for the page."""
    raw = json.loads(told) if isinstance(told, str) else told
    return [meta_of(label, item["type"], item["value"]) for label, item in raw.items()]


def meta_of(label: str, kind: str, value: Any) -> Meta:
    """One labelled value."""
    word = _TYPES.get(kind, "text")
    if word == "url" and not is_link(str(value)):
        return Meta(label=label, type="text", value=str(value))
    if word == "md":
        return Meta(label=label, type="md", value=str(value), html=safe_html(str(value)))
    if word == "asset" and isinstance(value, list):
        return Meta(label=label, type="asset", value="/".join(map(str, value)))
    if word == "table" and isinstance(value, Mapping):
        return _table(label, value)
    if kind == "python_artifact" and isinstance(value, Mapping):
        return Meta(label=label, type="text", value=f"{value.get('module')}.{value.get('name')}")
    if word == "text" and not isinstance(value, str):
        return Meta(label=label, type="json", value=value)
    return Meta(label=label, type=word, value=value)  # type: ignore[arg-type]


def is_link(address: str) -> bool:
    """Whether an address may be followed: it leads to the web, or writes a mail."""
    clean = "".join(letter for letter in address if letter.isprintable() and not letter.isspace())
    try:
        return urlsplit(clean).scheme.lower() in _SCHEMES and clean == address.strip()
    except ValueError:
        return False


def safe_html(markdown: str) -> str:
    """Markdown as HTML in which nothing can run, and nothing is fetched."""
    if len(markdown) > _LONGEST_MARKDOWN:
        return nh3.clean_text(markdown[:_LONGEST_MARKDOWN])
    return nh3.clean(
        _markdown().render(markdown),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "img": {"src", "alt", "title"}, "td": {"align"}, "th": {"align"}},
        attribute_filter=_allowed,
        url_schemes=_SCHEMES | {"data"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """Links lead to the web; pictures are those that are part of the text."""
    if tag == "a" and attribute == "href":
        return value if is_link(value) else None
    if tag == "img" and attribute == "src":
        return value if value.startswith(_IMAGES) else None
    return value


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def _table(label: str, value: Mapping[str, Any]) -> Meta:
    rows = list(value.get("records") or [])[:_ROWS_SHOWN]
    schema = value.get("schema") or {}
    columns = [str(one.get("name")) for one in schema.get("columns") or ()]
    if not columns:
        columns = list(dict.fromkeys(name for row in rows for name in row))
    return Meta(
        label=label,
        type="table",
        value=None,
        columns=columns,
        rows=[[row.get(name) for name in columns] for row in rows],
    )
