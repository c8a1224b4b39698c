"""Selections as text: the old signs, and the words of the newer language."""

import pytest

from assetflow import (
    AssetSelection,
    CheckError,
    Definitions,
    InMemoryIOManager,
    InvalidSubsetError,
    asset,
    define_asset_job,
    materialize_to_memory,
)


def made(name, *deps, **options):
    return asset(name=name.rpartition("/")[2], key_prefix=name.split("/")[:-1], deps=list(deps), **options)(lambda: 1)


A = made("a", group_name="raw", owners=["team:web"], tags={"t": "v", "pii": ""}, kinds=["csv"])
B = made("b", A, group_name="raw", owners=["ann@example.org"], tags={"t": "w"})
C = made("c", B, group_name="marts", owners=["team:web"], kinds=["csv", "pandas"])
D = made("p/d", C, group_name="marts")
E = made("p/q/e", D, A)
ALL = [A, B, C, D, E]


def chosen(selection):
    result = materialize_to_memory(ALL, selection=selection)
    return {"".join(step.split("__")[-1:]) for step in result.step_keys}


@pytest.mark.parametrize(("text", "names"), [
    ("a", "a"), ("p/d", "d"), ('"a"', "a"), ("key:a", "a"), ('key:"p/d"', "d"), ("key:p/d", "d"),
    ("*", "abcde"), ("*c", "abc"), ("c*", "cde"), ("*c*", "abcde"), ("+c", "bc"), ("++c", "abc"), ("c+", "cd"),
    ("c++", "cde"), ("+c+", "bcd"), ("++c+", "abcd"), ("1+c", "bc"), ("2+c", "abc"), ("c+1", "cd"), ("c+2", "cde"),
    ("1+c+1", "bcd"), ("  a  ", "a"), ("a b", "ab"), ("a,b", "ab"), ("a, b c", "abc"), ("a +c", "abc"), ("c+ a", "acd"),
    ("key:a+", "abe"), ('+key:"c"', "bc"), ('2+key:"c"+', "abcd"),
    ('key:"p/*"', "de"), ('key:"*/d"', "d"), ('key:"*"', "abcde"), ('key:"x*"', ""), ('+key:"p/q/*"', "ade"),
    ("group:raw", "ab"), ('group:"raw"', "ab"), ("group:none", ""), ("group:raw+", "abce"),
    ("owner:team:web", "ac"), ('owner:"ann@example.org"', "b"), ("owner:ann@example.org", "b"),
    ("tag:t=v", "a"), ("tag:t=w", "b"), ('tag:"t"="v"', "a"), ("tag:pii", "a"), ("tag:t", ""),
    ("kind:csv", "ac"), ("kind:pandas", "c"), ("kind:none", ""),
    ("group:raw and kind:csv", "a"), ("group:raw or kind:csv", "abc"), ("group:raw AND KIND:csv", None),
    ("group:raw AND kind:csv", "a"), ("not group:raw", "cde"), ("not group:raw and kind:csv", "c"),
    ("not (group:raw or kind:csv)", "de"), ("group:raw and not kind:csv", "b"), ("not not a", "a"),
    ("a or b and c", "a"), ("(a or b) and (b or c)", "b"), ("a or (b and b)", "ab"), ("a b and b", "ab"),
    ("+(c or a)", "abc"), ("(a)+", "abe"), ("1+(p/d)+", "cde"), ("*(p/d and group:marts)", "abcd"),
    ("sinks(*)", "e"), ("roots(*)", "a"), ("sinks(group:raw)", "b"), ("roots(group:marts)", "c"),
    ("sinks(a or b or c)+", "cd"), ("not sinks(*)", "abcd"), ('key:"a" or +group:marts', "abcd"),
])  # fmt: skip
def test_text_means(text, names):
    if names is None:
        with pytest.raises(CheckError, match="Invalid selection string"):
            chosen(text)
        return
    assert chosen(text) == set(names)
    assert chosen(AssetSelection.from_string(text)) == set(names)


@pytest.mark.parametrize("text", [
    "", " ", "a*+", "**a", "a+b", "+*", "a b!", "group:", "a&b", "a or", "and a", "(a", "a)", "not", "a not", "sinks(",
    "tag:=v", "key:", "a + b", "()", "+ a", '"a', "a+2+", "a**",
])  # fmt: skip
def test_what_cannot_be_read(text):
    with pytest.raises(CheckError, match="Invalid selection string"):
        chosen(text)


def test_the_place_of_the_mistake_is_shown():
    with pytest.raises(CheckError) as caught:
        chosen("group:raw and or b")
    assert str(caught.value).splitlines() == [
        "Invalid selection string: group:raw and or b",
        "  group:raw and or b",
        "                ^ cannot be read from here",
    ]


@pytest.mark.parametrize("text", ["nope", "key:nope", "+nope", "a or nope", "not nope"])
def test_an_asset_that_is_not_there(text):
    with pytest.raises(InvalidSubsetError, match="no AssetsDefinition objects supply these keys"):
        chosen(text)


def test_lists_and_jobs_take_text_too():
    assert chosen(["group:raw and kind:csv", C]) == {"a", "c"}
    defs = Definitions(
        assets=ALL, resources={"io_manager": InMemoryIOManager()}, jobs=[define_asset_job("j", "not group:raw")]
    )
    assert set(defs.get_job("j").execute_in_process().step_keys) == {"c", "p__d", "p__q__e"}


@pytest.mark.parametrize(("text", "message"), [
    ("foo(*)", "there is no function foo; there are sinks"), ("a or up(b)", "there is no function up"),
    ("p/*", 'a pattern is written key:"p/\\*"'), ("a, p/q/*", 'key:"p/q/\\*"'),
])  # fmt: skip
def test_text_that_looks_like_something_else(text, message):
    with pytest.raises(CheckError, match=message):
        AssetSelection.from_string(text)
