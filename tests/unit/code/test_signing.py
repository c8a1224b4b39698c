from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assetflow.code.signing import Signer, kept_key
from assetflow.errors import SettingsError, SignatureError

KEY = b"k" * 32


def test_what_was_sealed_can_be_opened() -> None:
    assert Signer(KEY).open("run", Signer(KEY).seal("run", b"plan"), what="it") == b"plan"


@pytest.mark.parametrize("position", [-1, 8, 50])
def test_a_changed_byte_is_noticed(position: int) -> None:
    sealed = bytearray(Signer(KEY).seal("run", b"plan"))
    sealed[position] ^= 1
    with pytest.raises(SignatureError, match="changed after it was signed"):
        Signer(KEY).open("run", bytes(sealed), what="it")


def test_a_seal_for_one_purpose_does_not_open_for_another() -> None:
    with pytest.raises(SignatureError):
        Signer(KEY).open("bundle", Signer(KEY).seal("run", b"plan"), what="it")


def test_another_key_is_named_by_its_id_and_not_given_away() -> None:
    other = Signer(b"o" * 32)
    with pytest.raises(SignatureError) as caught:
        Signer(KEY).open("run", other.seal("run", b"plan"), what="the plan")
    assert other.key_id in str(caught.value) and Signer(KEY).key_id in str(caught.value)
    assert "kkkk" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"AF1", b"\x80\x05." * 40])
def test_what_carries_no_signature_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureError, match="carries no signature"):
        Signer(KEY).open("run", raw, what="it")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="shorter than 16 bytes"):
        Signer(b"short")


def test_a_kept_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "signing.key"
    key = kept_key(path)
    assert kept_key(path) == key and len(key) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["signing.key"]


def test_a_key_that_is_there_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    key = kept_key(tmp_path / "signing.key")
    code = """
import pathlib, resource, sys
from assetflow.code.signing import kept_key
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
folder = pathlib.Path(sys.argv[1])
sys.stdout.write(kept_key(folder / "signing.key").decode())
try:
    kept_key(folder / "other.key")
except OSError:
    sys.stdout.write(" refused")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{key.decode()} refused"
    assert os.listdir(tmp_path) == ["signing.key"], "nothing half-made is left"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    kept_key(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by other users"):
        kept_key(path)
