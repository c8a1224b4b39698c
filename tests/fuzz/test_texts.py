"""Texts that people and files hand in: whatever they are, there is a result, or an error that says what is wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetflow.cron import check_cron
from assetflow.errors import AssetflowError, CheckError, InvalidSubsetError, SettingsError
from assetflow.keys import AssetKey, Version
from assetflow.lineage.syntax import parse_selection
from assetflow.run_ids import check_run_id
from assetflow.runs.masking import masked
from assetflow.settings import FILE_NAME, read_settings
from assetflow.stores.redis.connection import redacted
from workers.pools import read_pools

OURS = (AssetflowError, CheckError)
ANY = st.text(max_size=300)
WORDS = st.lists(
    st.sampled_from(
        ["a", "b/c", "group:", "group:x", 'key:"a"', "tag:k=v", "+", "++", "*", "2+", "+1", "(", ")", " ", ",", "and ",
         "or ", "not ", "sinks(", "roots(", '"', "owner:", "kind:sql", "[", "]", "?", "=", "\n", "ü", "\0"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(st.one_of(ANY, WORDS))
@example("*" * 5000)
@example("(" * 3000 + "a")
@example("a or " * 2000 + "b")
@example('"' * 101)
def test_a_selection_is_understood_or_refused(text: str) -> None:
    try:
        parse_selection(text)
    except (InvalidSubsetError, *OURS) as error:
        assert str(error)


def test_a_selection_that_is_long_takes_time_in_proportion_to_its_length() -> None:
    def seconds(count: int) -> float:
        text = " ".join(f"+asset_{number}" for number in range(count))
        best = float("inf")
        for _ in range(5):  # all that other tests have left is sometimes collected in between
            began = time.process_time()
            parse_selection(text)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(2000) < 40 * seconds(200), "ten times as long, ten times the time, give or take a busy machine"


@given(ANY)
def test_a_key_that_was_written_is_read_again_as_itself(text: str) -> None:
    key = AssetKey.from_user_string(text)
    assert AssetKey.from_user_string(key.to_user_string()) == key
    assert AssetKey.from_db_string(key.to_string()) == key


@given(st.one_of(ANY, st.sampled_from(["{}", "[1]", '["a', "null", '["a", null]', "[" * 2000])))
def test_what_is_no_key_in_a_database_is_refused(text: str) -> None:
    try:
        AssetKey.from_db_string(text)
    except OURS as error:
        assert "is not a key" in str(error) or "AssetKey" in str(error)


@given(ANY)
def test_names_of_versions_and_runs_are_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert Version.parse(text).name == text
    with suppress(*OURS):
        assert check_run_id(text) == text


@given(
    st.one_of(ANY, st.lists(st.sampled_from(["*", "*/5", "1-3", "0", "61", "L", "#", ","]), max_size=7).map(" ".join))
)
def test_a_cron_expression_is_understood_or_refused(text: str) -> None:
    try:
        check_cron(text, whose="the schedule")
    except OURS as error:
        assert "the schedule" in str(error)


SETTINGS = st.dictionaries(
    st.sampled_from(["redis_url", "keep_hours", "fsync", "modules", "alert_url", "log_format", "envv", "log_mb"]),
    st.one_of(ANY, st.integers(), st.floats(), st.booleans()),
    max_size=4,
)


@given(SETTINGS)
def test_settings_are_read_or_refused_naming_where_they_stand(given_settings: dict[str, object]) -> None:
    variables = {f"ASSETFLOW_{name.upper()}": str(value) for name, value in given_settings.items()}
    try:
        read_settings(variables, Path("no-such-folder"))
    except SettingsError as error:
        assert "ASSETFLOW_" in str(error)


@given(st.one_of(st.binary(max_size=200), ANY.map(lambda text: text.encode(errors="replace"))))
def test_a_settings_file_and_a_file_of_workers_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("settings", numbered=True)
    for name in (FILE_NAME, "pools.toml"):
        (folder / name).write_bytes(content)
    for read in (lambda: read_settings({}, folder), lambda: read_pools(folder / "pools.toml")):
        try:
            read()
        except SettingsError as error:
            assert FILE_NAME in str(error) or "pools.toml" in str(error)


@given(st.text(min_size=6, max_size=30).filter(lambda text: text.strip() == text), ANY, ANY)
def test_a_secret_is_never_in_what_was_masked(secret: str, before: str, after: str) -> None:
    data = f"{before}{secret}{after}".encode(errors="replace")
    told = masked(data, [secret])
    assert len(told) == len(data)
    form = secret.encode(errors="replace")
    assert form not in told or set(form) == {ord("*")}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="/?#@:[]"), min_size=1, max_size=20))
def test_the_address_that_is_shown_has_no_password(password: str) -> None:
    shown = redacted(f"redis://user:{password}-in-here@host:6379/0")
    assert "-in-here" not in shown
