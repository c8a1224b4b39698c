"""What the server says of itself, and the page's types that are made of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "ui"


def test_the_page_has_the_types_of_what_this_server_sends():
    described = subprocess.run(
        [UI / "describe.sh", sys.executable], check=True, capture_output=True, text=True, timeout=300
    ).stdout
    assert described == (UI / "src" / "api" / "described.ts").read_text(), "run `make described`"
