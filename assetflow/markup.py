"""Small pieces of HTML for notebooks: escaped, without scripts or style sheets, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from html import escape

_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:2px 12px 2px 0;text-align:left;vertical-align:top;border-bottom:{_LINE}"


class Tone(StrEnum):
    """Colours in the middle between light and dark, that can be read on both."""

    GOOD = "#2e9e5b"
    BAD = "#dc4a4a"
    WARNING = "#b98a1d"
    BUSY = "#3b82c4"
    QUIET = "#8a8a8a"


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def html(content: object) -> Markup:
    """Anything as HTML; what is HTML already stays."""
    return content if isinstance(content, Markup) else Markup(escape(str(content)))


def toned(content: object, tone: Tone, *, bold: bool = False) -> Markup:
    """A text in a colour."""
    weight = ";font-weight:600" if bold else ""
    return Markup(f'<span style="color:{tone.value}{weight}">{html(content)}</span>')


def quiet(content: object) -> Markup:
    """A text that is there for those who look."""
    return Markup(f'<span style="opacity:.65">{html(content)}</span>')


def code(content: object) -> Markup:
    """A name or a number as it is written in code."""
    return Markup(f'<code style="background:transparent;color:inherit">{html(content)}</code>')


def block(*parts: object) -> Markup:
    """Everything of one display."""
    return Markup(f'<div style="font-size:.95em;line-height:1.5">{"".join(map(html, parts))}</div>')


def line(*parts: object) -> Markup:
    """Parts beside each other."""
    return Markup(f"<div>{' '.join(map(html, parts))}</div>")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Rows below each other; empty for no rows."""
    cell = f'<td style="{_CELL}">'
    body = "".join("<tr>" + "".join(f"{cell}{html(content)}</td>" for content in row) + "</tr>" for row in rows)
    if not body:
        return Markup()
    head = "".join(f'<th style="{_CELL};font-weight:400">{quiet(name)}</th>' for name in columns)
    style = "border-collapse:collapse;margin:4px 0;background:transparent"
    return Markup(f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Names and what there is to say of them; what is None or empty is left out."""
    return table(("", ""), [(quiet(name), value) for name, value in pairs if value not in (None, "")])


def folded(summary: object, text: str) -> Markup:
    """A long text that is shown when somebody asks for it."""
    pre = f'<pre style="overflow-x:auto;background:transparent;color:inherit">{escape(text)}</pre>'
    return Markup(f"<details><summary>{html(summary)}</summary>{pre}</details>")
