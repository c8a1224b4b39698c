"""What users write as metadata runs nothing in the page."""

from __future__ import annotations

import re

import pytest

from assetflow.web.metadata import is_link, meta_of, safe_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "![x](https://tracker.example/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<form action=https://evil.example><input name=a></form>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    '<div style="background:url(https://evil.example)">x</div>',
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_is_shown_and_nothing_of_it_runs_or_is_fetched(text: str) -> None:
    shown = safe_html(f"**bold**\n\n{text}")
    assert "<strong>bold</strong>" in shown
    tags = re.findall(r"<[^>]*>", shown)
    assert not re.search(r"<(script|iframe|style|form|input|svg|math|base|meta|object)", "".join(tags))
    assert not re.search(r"\son\w+=|\sstyle=|javascript:|vbscript:", "".join(tags), re.IGNORECASE)
    assert not re.search(r'src="(?!data:image/(png|jpeg|gif|webp);base64,)', "".join(tags))


def test_markdown_keeps_what_it_is_for() -> None:
    shown = safe_html("# Title\n\n[a](https://x.example) `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<h1>Title</h1>" in shown and 'href="https://x.example"' in shown and "<td>1</td>" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    picture = "![p](data:image/png;base64,iVBORw0KGgo=)"
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in safe_html(picture)


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://x.example/a?b=c", True),
        ("mailto:ada@x.example", True),
        ("HTTP://x.example", True),
        ("javascript:alert(1)", False),
        ("\tjavascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("java\0script:alert(1)", False),
        ("//x.example", False),
        ("/etc/passwd", False),
        ("file:///etc/passwd", False),
        ("data:text/html,x", False),
        ("http://[", False),
    ],
)
def test_only_what_leads_to_the_web_or_writes_a_mail_is_a_link(address: str, is_one: bool) -> None:
    assert is_link(address) is is_one
    assert meta_of("x", "url", address).type == ("url" if is_one else "text")


def test_tables_have_columns_and_rows() -> None:
    told = meta_of(
        "t", "table", {"records": [{"a": 1, "b": "x"}], "schema": {"columns": [{"name": "b"}, {"name": "a"}]}}
    )
    assert told.columns == ["b", "a"] and told.rows == [["x", 1]]
