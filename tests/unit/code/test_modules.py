"""Loading what users have written, by name and by path."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from assetflow.code.modules import load_file, load_module
from assetflow.errors import LoadError

LOOKING = "import gc\nfrom assetflow import asset\nWAS_COLLECTED = gc.isenabled()\n@asset\ndef grain():\n    return 1\n"


def test_nothing_is_collected_while_definitions_are_made_which_all_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "many_by_path.py").write_text(LOOKING)
    (tmp_path / "many_by_name.py").write_text(LOOKING)
    monkeypatch.syspath_prepend(tmp_path)
    definitions, module = load_file(tmp_path / "many_by_path.py")
    assert not module.WAS_COLLECTED
    assert len(definitions.assets) == 1
    assert len(load_module("many_by_name").assets) == 1
    assert not sys.modules["many_by_name"].WAS_COLLECTED
    assert gc.isenabled()


def test_a_file_that_does_not_load_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "broken_by_path.py").write_text("1 / 0\n")
    with pytest.raises(LoadError, match="ZeroDivisionError"):
        load_file(tmp_path / "broken_by_path.py")
    assert gc.isenabled()
