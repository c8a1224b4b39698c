from __future__ import annotations

from pathlib import Path

import pytest

from assetflow.errors import SettingsError
from assetflow.settings import read_settings


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "assetflow.toml").write_text('redis_url = "redis://file"\nfsync = true\nmodules = ["a", "b"]\n')
    settings = read_settings({"ASSETFLOW_REDIS_URL": "redis://environment"}, tmp_path)
    assert settings.redis_url == "redis://environment"
    assert settings.where("redis_url") == "ASSETFLOW_REDIS_URL"
    assert settings.fsync is True
    assert settings.modules == ("a", "b")
    assert settings.where("fsync").endswith("assetflow.toml")


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path)
    assert settings.home == tmp_path / ".assetflow"
    assert settings.storage == tmp_path / ".assetflow" / "storage"
    assert settings.redis_url is None and settings.env == "default"


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    assert "hidden" not in repr(read_settings({"ASSETFLOW_SIGNING_KEY": "hidden" * 8}, tmp_path))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("redis_ulr = 'x'", "did you mean redis_url"),
        ("not toml", "not valid TOML"),
        ("fsync = 'perhaps'", "fsync is true or false"),
        ("keep_hours = -1", "keep_hours is a number"),
        ("modules = 3", "modules is a list"),
        ("redis_url = 3", "redis_url is a text"),
        ("alert_url = 'file:///etc/passwd'", "begins with http:// or https://"),
        ("alert_url = 'http://host:port/'", "begins with http:// or https://"),
        ("alert_url = 'http://169.254.169.254/latest'", "the machine's own surroundings"),
        ("base_url = 'flows.example'", "begins with http:// or https://"),
        ("alert_secret = 'hidden'", "set ASSETFLOW_ALERT_SECRET"),
        ("database_url = 'history.db'", "write sqlite:///path/to/history.db"),
        ("log_mb = 5000", "log_mb is a number of megabytes"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "assetflow.toml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_settings({}, tmp_path)
    assert says in str(caught.value) and "assetflow.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "assetflow.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_settings({}, tmp_path)


def test_a_variable_that_is_almost_a_setting_is_noticed(tmp_path: Path) -> None:
    given = {"ASSETFLOW_REDIS_ULR": "redis://x", "ASSETFLOW_REDIS_PORT": "6379", "ASSETFLOW_HISTORIES": "5"}
    assert read_settings(given, tmp_path).misspelt == {"ASSETFLOW_REDIS_ULR": "ASSETFLOW_REDIS_URL"}
