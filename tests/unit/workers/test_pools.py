"""What `pools.toml` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow.errors import SettingsError
from workers.launch import POOLS
from workers.pools import read_pools


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "pools.toml"
    file.write_text(text)
    return read_pools(file)


def test_the_file_that_comes_along_can_be_read() -> None:
    pools = read_pools(POOLS)
    assert [kind.name for kind in pools.kinds] == ["default"]
    assert pools.kinds[0].max >= pools.kinds[0].min


def test_kinds_and_limits_are_told(tmp_path: Path) -> None:
    pools = read(tmp_path, '[workers.gpu]\nqueues = ["gpu"]\nconcurrency = 0\nmin = 0\nmax = 3\n[limits]\napi = 4\n')
    (kind,) = pools.kinds  # type: ignore[attr-defined]
    assert (kind.queues, kind.min, kind.max) == (("gpu",), 0, 3) and kind.concurrency >= 1
    assert pools.limits == {"api": 4}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no workers"),
        ("[workers.a]\nmni = 1\n", "did you mean min?"),
        ("[workres.a]\n", "did you mean workers?"),
        ("[workers.a]\nmin = 3\nmax = 2\n", "could never be any"),
        ("[workers.a]\nmax = 0\nmin = 0\n", "could never be any"),
        ("[workers.a]\nconcurrency = -1\n", "concurrency is a number"),
        ("[workers.a]\nmin = true\n", "min is a number"),
        ("[workers.a]\nqueues = []\n", "queues is a list of names"),
        ("[workers.a]\n[limits]\napi = 0\n", "the limit of api"),
        ("[workers\n", "not valid TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_where_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value) and "pools.toml" in str(caught.value)


def test_a_kind_that_there_is_not_is_named_with_the_nearest(tmp_path: Path) -> None:
    pools = read(tmp_path, "[workers.large]\n")
    with pytest.raises(SettingsError, match="did you mean large"):
        pools.only(("lagre",))  # type: ignore[attr-defined]
