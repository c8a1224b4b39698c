"""Lines are found again in what was written, however it was written and in whatever pieces it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetflow.runs.log_lines import LONGEST_LINE, LineReader, LogLine, LogStream, framed
from assetflow.runs.masking import masked
from assetflow.runs.step_logs import KeptLog, Section


def lines_in(*pieces: bytes) -> list[LogLine]:
    reader = LineReader("s", 0, LogStream.STDOUT)
    found = [line for piece in pieces for line in reader.feed(piece)]
    return [*found, *reader.end()]


def texts(*pieces: bytes) -> list[str]:
    return [line.text for line in lines_in(*pieces)]


def test_what_python_and_what_others_write_stay_in_order() -> None:
    assert texts(framed(1.0, "one\n") + b"raw\n" + framed(2.0, "two\n") + b"end") == ["one", "raw", "two", "end"]


def test_a_line_is_put_together_of_what_was_written_to_it() -> None:
    data = framed(1.0, "half") + framed(2.0, " and half\nnext") + b" raw\n"
    assert texts(data) == ["half and half", "next raw"]
    assert lines_in(data)[0].at == 1.0


def test_a_frame_that_follows_on_unfinished_raw_text_is_none_of_it() -> None:
    found = lines_in(b"50 %" + framed(1.0, "text", level=20, logger="a.b"))
    assert [(line.text, line.stream, line.level, line.logger) for line in found] == [
        ("50 %", LogStream.STDOUT, "", ""),
        ("text", LogStream.LOG, "INFO", "a.b"),
    ]


def test_a_message_of_several_lines_is_one() -> None:
    assert texts(framed(1.0, "a\nb", level=40)) == ["a\nb"]


def test_what_only_looks_like_a_frame_is_text() -> None:
    assert texts(b"\x1e[not json\n", b'\x1e["x"]\n') == ["\x1e[not json", '\x1e["x"]']


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert texts(b"\xff\x00\n") == ["�\x00"]
    assert texts(framed(1.0, "\ud800\n")) == ["?"]


def test_a_line_without_an_end_comes_in_bounded_pieces() -> None:
    found = lines_in(*[b"x" * 50_000] * 10)
    assert sum(len(line.text) for line in found) == 500_000
    assert max(len(line.text) for line in found) <= LONGEST_LINE


@given(
    st.lists(st.tuples(st.booleans(), st.text(st.characters(exclude_characters="\x1e\n", codec="utf-8"), min_size=1))),
    st.integers(1, 40),
)
def test_lines_are_the_same_wherever_the_pieces_end(written: list[tuple[bool, str]], size: int) -> None:
    data = b"".join(framed(1.0, f"{text}\n") if by_python else text.encode() + b"\n" for by_python, text in written)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert texts(*pieces) == [text for _, text in written]


def test_what_was_left_out_is_told_between_head_and_tail() -> None:
    log = KeptLog(Section(b"first\nsec", 1_234_567, b"ond to last\nlast\n"), Section())
    found = list(log.lines("s", 0))
    assert [line.text for line in found] == [
        "first",
        "sec",
        "[... 1,234,567 bytes were left out here ...]",
        "ond to last",
        "last",
    ]
    assert [line.left_out for line in found] == [0, 0, 1_234_567, 0, 0]
    assert (log.size, log.left_out, log.line_count) == (1_234_567 + 9 + 17, 1_234_567, 3)


@given(st.integers(1, 200), st.integers(1, 200))
def test_a_frame_that_is_torn_by_what_was_left_out_is_never_shown(head: int, tail: int) -> None:
    lines = [f"\x1b[31mline\x1b[0m {number}: größer 🚀 \\ and more" for number in range(4)]
    data = b"".join(framed(1.5, f"{line}\n") for line in lines)
    log = KeptLog(Section(data[:head], 7, data[-tail:]), Section())
    found = list(log.lines("s", 0))
    [gap] = [number for number, line in enumerate(found) if line.left_out == 7]
    before, after = [line.text for line in found[:gap]], [line.text for line in found[gap + 1 :]]
    assert "\n".join(lines).startswith("\n".join(before))
    assert not any("[1.5" in text or "\\u001b" in text or text.endswith('"]') for text in [*before, *after])
    assert "\n".join(lines).endswith("\n".join(after[1:])), "the first may be the rest of one character"


def test_the_streams_are_told_in_the_order_of_their_times() -> None:
    log = KeptLog(
        Section(framed(1.0, "a\n") + b"raw\n" + framed(4.0, "d\n")),
        Section(framed(2.0, "b\n") + framed(3.0, "c", level=10)),
    )
    assert [line.text for line in log.lines("s", 2)] == ["a", "raw", "b", "c", "d"]
    assert {line.attempt for line in log.lines("s", 2)} == {2}


@pytest.mark.parametrize(
    ("level", "asked", "shown"),
    [("INFO", "INFO", True), ("INFO", "warning", False), ("CRITICAL", "ERROR", True), ("", "DEBUG", False)],
)
def test_a_level_asks_for_messages_of_it_or_above(level: str, asked: str, shown: bool) -> None:
    stream = LogStream.LOG if level else LogStream.STDOUT
    assert LogLine(step="s", attempt=0, stream=stream, text="t", level=level).is_at_least(asked) is shown


def test_secrets_become_stars_and_nothing_moves() -> None:
    written = b'the key is hun"ter2! or ' + framed(1.0, 'hun"ter2!\n') + b"redis://me:secret@host/0 and me@home"
    hidden = masked(written, ['hun"ter2!', "the"])
    assert len(hidden) == len(written)
    assert b"ter2!" not in hidden
    assert b"redis://me:******@host/0 and me@home" in hidden
    assert b"the key" in hidden, "too short to be told from other text"
