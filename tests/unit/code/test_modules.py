"""Loading what users have written, by name and by path."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from assetflow.code.modules import load_file, load_module
from assetflow.errors import LoadError

LOOKING = (
    "import gc\nfrom assetflow import asset\nBETWEEN = gc.get_threshold()[0]\n@asset\ndef grain():\n    return 1\n"
)


def test_the_collector_looks_seldom_while_definitions_are_made_which_all_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "many_by_path.py").write_text(LOOKING)
    (tmp_path / "many_by_name.py").write_text(LOOKING)
    monkeypatch.syspath_prepend(tmp_path)
    before = gc.get_threshold()
    definitions, module = load_file(tmp_path / "many_by_path.py")
    assert 10 * before[0] < module.BETWEEN
    assert len(definitions.assets) == 1
    assert len(load_module("many_by_name").assets) == 1
    assert 10 * before[0] < sys.modules["many_by_name"].BETWEEN
    assert gc.get_threshold() == before


def test_a_file_that_does_not_load_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    before = gc.get_threshold()
    (tmp_path / "broken_by_path.py").write_text("1 / 0\n")
    with pytest.raises(LoadError, match="ZeroDivisionError"):
        load_file(tmp_path / "broken_by_path.py")
    assert gc.get_threshold() == before
