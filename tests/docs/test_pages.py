"""The pages that lead somebody through something, followed to the letter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.following import blocks_of, follow

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLLOWED = (
    "tutorial.md",
    "how-to/test-your-assets.md",
    "how-to/sql.md",
    "how-to/notebooks.md",
    "how-to/coming-from-celery.md",
)


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.slow  # a command brings a cluster along; `make smoke` follows them
@pytest.mark.timeout(900)
def test_whoever_follows_a_page_to_the_letter_sees_what_it_says(name: str, tmp_path: Path) -> None:
    assert follow(DOCS / name, tmp_path) >= 1


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_the_python_of_every_page_is_python(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "python":
            compile(block.text, f"{page.name}:{block.line}", "exec", dont_inherit=True)


if __name__ == "__main__":  # python -m tests.docs.test_pages PAGE FOLDER: what the commands of a page answer today
    follow(Path(sys.argv[1]), Path(sys.argv[2]), show=True)
