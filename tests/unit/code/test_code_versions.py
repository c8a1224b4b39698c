"""What changes the version of an asset's code, and what does not."""

from __future__ import annotations

import importlib
import linecache
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assetflow.code.versions import CodeVersions
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.loading import definitions_from_module

Versions = Callable[..., dict[str, str]]


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[Versions]:
    """Writes a project, imports it anew, and gives the code version of each of its assets."""
    folder = tmp_path / "project"
    folder.mkdir()
    sys.path.insert(0, str(folder))

    def forget() -> None:
        for name in [name for name, one in sys.modules.items() if str(folder) in str(getattr(one, "__file__", ""))]:
            del sys.modules[name]
        importlib.invalidate_caches()
        linecache.clearcache()

    def found(**files: str) -> dict[str, str]:
        forget()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)  # it goes by seconds
        return versions_of(definitions_from_module(importlib.import_module("pipeline")))

    yield found
    forget()
    sys.path.remove(str(folder))


def versions_of(definitions: Definitions) -> dict[str, str]:
    assets = {key: asset for asset in definitions.assets for key in asset.keys}
    known = CodeVersions(assets)
    return {key.to_user_string(): known.of(key) for key in assets}


HEAD = "from assetflow import asset\n"
ONE = HEAD + "@asset\ndef one():\n    return 1\n"


@pytest.mark.parametrize(
    "again",
    [
        HEAD + "\n\n# why\n@asset\ndef one():\n    # because\n    return 1  # one\n",
        HEAD + "@asset\ndef one():\n    '''Makes one.'''\n    return 1\n",
        HEAD + "@asset(\n  group_name='a',\n)\ndef one():\n    return (\n        1\n    )\n",
        HEAD + "OTHER = 2\ndef helper(): return OTHER\n@asset\ndef one():\n    return 1\n",
    ],
)
def test_comments_layout_docstrings_and_what_is_not_used_do_not_count(versions: Versions, again: str) -> None:
    assert versions(pipeline=ONE)["one"] == versions(pipeline=again)["one"]


@pytest.mark.parametrize(
    "again",
    [
        HEAD + "@asset\ndef one():\n    return 2\n",
        HEAD + "@asset\ndef one():\n    return 1.0\n",
        HEAD + "@asset\ndef one() -> float:\n    return 1\n",
        HEAD + "@asset\ndef one():\n    return (lambda: 1)()\n",
    ],
)
def test_other_code_is_another_version(versions: Versions, again: str) -> None:
    assert versions(pipeline=ONE)["one"] != versions(pipeline=again)["one"]


PIPELINE = """
from assetflow import asset
import helpers
from helpers import Rate, cut, LIMIT as most

@asset
def with_function(): return cut(3)

@asset
def with_module(): return helpers.scale(3)

@asset
def with_constant(): return most

@asset
def with_class(): return Rate(2).times(3)

@asset
def with_partial(): return helpers.by_three(1)

@asset
def with_decorated(): return helpers.kept(1)

@asset
def with_inner_import():
    import late
    return late.VALUE

@asset
def alone(): return 0
"""
HELPERS = """
import functools
from deep import bottom, FACTOR

LIMIT = 10
TABLE = {"a": 1}

def cut(n): return n - bottom(n)
def scale(n): return n * FACTOR + TABLE["a"]
by_three = functools.partial(scale, n=3)

def traced(f):
    @functools.wraps(f)
    def inner(*args): return f(*args)
    return inner

@functools.lru_cache
@traced
def kept(n): return n + len(str(n))

class Rate:
    START = 1
    def __init__(self, n): self.n = n
    def times(self, m): return self.START + self.n * other(m)

def other(m): return m
"""
DEEP = """
FACTOR = 2
def bottom(n): return n if n < 2 else ground(n)
def ground(n): return bottom(n - 1)
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("n - bottom", "n + bottom", {"with_function"}),
        ("LIMIT = 10", "LIMIT = 11", {"with_constant"}),
        ('{"a": 1}', '{"a": 2}', {"with_module", "with_partial"}),
        ("n * FACTOR", "n / FACTOR", {"with_module", "with_partial"}),
        ("n=3", "n=4", {"with_partial"}),
        ("n + len", "n - len", {"with_decorated"}),
        ("return f(*args)", "return f(*args) or None", {"with_decorated"}),
        ("START = 1", "START = 2", {"with_class"}),
        ("(m): return m", "(m): return -m", {"with_class"}),
        ("FACTOR = 2", "FACTOR = 3", {"with_module", "with_partial"}),
        ("bottom(n - 1)", "bottom(n - 2)", {"with_function"}),
        ("VALUE = 1", "VALUE = 2", {"with_inner_import"}),
    ],
)
def test_exactly_the_assets_that_reach_a_change_have_another_version(
    versions: Versions, old: str, new: str, changed: set[str]
) -> None:
    files = {"pipeline": PIPELINE, "helpers": HELPERS, "deep": DEEP, "late": "VALUE = 1\n"}
    before = versions(**files)
    assert any(old in text for text in files.values()), "the edit changes something"
    after = versions(**{name: text.replace(old, new) for name, text in files.items()})
    assert {name for name in before if before[name] != after[name]} == changed


CLASSES = """
from dataclasses import dataclass, field
from typing import NamedTuple
from assetflow import asset

class Made(type):
    def sides(cls): return 4

class Shape(metaclass=Made):
    pass

def marked(kind):
    kind.mark = "m"
    return kind

@marked
class Marked:
    pass

@dataclass
class Rate:
    n: int
    steps: list = field(default_factory=lambda: [1])
    def __post_init__(self): self.n += 5
    def __call__(self, m): return self.n * m

class Point(NamedTuple):
    x: int
    def __add__(self, other): return self.x + 6

@asset
def with_metaclass(): return Shape.sides()

@asset
def with_class_decorator(): return Marked.mark

@asset
def with_dataclass(): return Rate(2)(3)

@asset
def with_named_tuple(): return Point(1) + Point(2)
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return 4", "return 5", "with_metaclass"),
        ('= "m"', '= "n"', "with_class_decorator"),
        ("+= 5", "+= 6", "with_dataclass"),
        ("self.n * m", "self.n / m", "with_dataclass"),
        ("[1]", "[2]", "with_dataclass"),
        ("    n: int", "    n: float", "with_dataclass"),
        ("@dataclass\n", "@dataclass(order=True)\n", "with_dataclass"),
        ("self.x + 6", "self.x + 7", "with_named_tuple"),
    ],
)
def test_all_that_makes_a_class_counts(versions: Versions, old: str, new: str, changed: str) -> None:
    assert old in CLASSES, "the edit changes something"
    before, after = versions(pipeline=CLASSES), versions(pipeline=CLASSES.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == {changed}


def test_comments_in_a_dataclass_do_not_count(versions: Versions) -> None:
    again = CLASSES.replace("    n: int\n", "    # how many\n    n: int  # at least one\n\n")
    assert again != CLASSES and versions(pipeline=CLASSES) == versions(pipeline=again)


def test_methods_count_of_a_class_that_is_written_in_two_places(versions: Versions) -> None:
    text = (
        HEAD
        + """
import sys
if sys.argv:
    class Rate:
        def __call__(self): return 2
else:
    class Rate:
        def __call__(self): return 3
@asset
def one(): return Rate()()
"""
    )
    before = versions(pipeline=text)
    assert versions(pipeline=text) == before
    assert versions(pipeline=text.replace("return 2", "return 4")) != before


def test_what_is_imported_inside_a_function_is_looked_at_and_not_imported(versions: Versions, tmp_path: Path) -> None:
    package = tmp_path / "project" / "parts"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text("VALUE = 1\n")
    text = HEAD + "@asset\ndef one():\n    import xmlrpc.server\n    from parts import deep\n    return deep.VALUE\n"
    assert "xmlrpc" not in sys.modules
    before = versions(pipeline=text)
    assert "xmlrpc" not in sys.modules and "parts" not in sys.modules
    (package / "deep.py").write_text("VALUE = 2\n")
    assert versions(pipeline=text) != before


def test_what_a_factory_was_given_counts(versions: Versions) -> None:
    text = """
from assetflow import asset
def make(name, rate, source):
    @asset(name=name)
    def made(): return source() * rate
    return made
def near(): return 1
def far(): return 2
assets = [make("a", 1, near), make("b", 1, near), make("c", 2, near), make("d", 1, far)]
"""
    found = versions(pipeline=text)
    assert found["a"] == found["b"]
    assert len({found["a"], found["c"], found["d"]}) == 3
    again = versions(pipeline=text.replace("return 2", "return 3"))
    assert {name for name in found if found[name] != again[name]} == {"d"}


def test_a_config_and_a_default_of_an_argument_count(versions: Versions) -> None:
    text = """
from __future__ import annotations
from assetflow import Config, asset
class Rates(Config):
    usd: float = 1.0
@asset
def one(config: Rates): return config.usd
"""
    assert versions(pipeline=text)["one"] != versions(pipeline=text.replace("1.0", "2.0"))["one"]


def test_a_version_that_is_given_comes_before_all_else(versions: Versions) -> None:
    text = "from assetflow import asset\n@asset(code_version='7')\ndef one(): return 1\n"
    assert versions(pipeline=text)["one"] == "7" == versions(pipeline=text.replace("return 1", "return 2"))["one"]


def test_a_graph_has_the_versions_of_its_ops(versions: Versions) -> None:
    text = """
from assetflow import graph_multi_asset, op, AssetOut
@op
def first(): return 1
@op
def second(n): return n + 1
@op
def third(n): return n + 2
@graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
def both():
    n = first()
    return {"a": second(n), "b": third(n)}
"""
    before = versions(pipeline=text)

    def changed(old: str, new: str) -> set[str]:
        after = versions(pipeline=text.replace(old, new))
        return {name for name in before if before[name] != after[name]}

    assert changed("return 1", "return 0") == {"a", "b"}
    assert changed("n + 1", "n + 3") == {"a"}
    assert changed('"b": third(n)', '"b": third(second(n))') == {"b"}


def test_functions_that_need_each_other_have_versions(versions: Versions) -> None:
    text = """
from assetflow import asset
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)
@asset
def a(): return even(4)
@asset
def b(): return odd(4)
"""
    before, after = versions(pipeline=text), versions(pipeline=text.replace("n != 0", "n > 0"))
    assert before["a"] != after["a"] and before["b"] != after["b"] and before["a"] != before["b"]


def code_without_source(text: str) -> dict[str, str]:
    module = types.ModuleType("nowhere")
    exec(compile(text, "<nowhere>", "exec"), module.__dict__)
    return versions_of(definitions_from_module(module))


def test_without_source_the_bytecode_counts() -> None:
    text = "from assetflow import asset\nLIMIT = 3\ndef cut(n): return n\n@asset\ndef one():\n    return cut(LIMIT)\n"
    before = code_without_source(text)
    assert before == code_without_source(text.replace("    return", "\n\n    # as it is\n    return"))
    assert before == code_without_source(text.replace("    return", "    'One.'\n    return"))
    assert before != code_without_source(text.replace("return n", "return -n"))
    assert before != code_without_source(text.replace("= 3", "= 4"))


def test_a_process_keeps_the_version_of_the_code_it_has_loaded(versions: Versions, tmp_path: Path) -> None:
    before = versions(pipeline=ONE)
    loaded = sys.modules["pipeline"]
    file = tmp_path / "project" / "pipeline.py"
    file.write_text("# moved\n\n" + ONE)
    assert versions_of(definitions_from_module(loaded)) == before, "only lines have moved"
    file.write_text(ONE.replace("return 1", "return 2"))
    stale = versions_of(definitions_from_module(loaded))
    assert stale != versions(pipeline=ONE.replace("return 1", "return 2")), "what is loaded is not what is written"
