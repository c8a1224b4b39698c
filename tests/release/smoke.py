"""Tries an installed assetflow as its user would, far from the project's folder.

Run by the interpreter of a clean environment, in an empty folder: ``python smoke.py``. Says what it has seen, and ends
with another code than 0 at the first thing that is not as it should be.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

PIPELINE = """
from assetflow import Output, asset


@asset
def orders():
    return [{"id": 1, "amount": 30}, {"id": 2, "amount": 12}]


@asset
def revenue(orders):
    return Output(sum(order["amount"] for order in orders), metadata={"orders": len(orders)})


@asset(output_required=False)
def alarm(revenue):
    if revenue < 10:
        yield Output("call somebody")


@asset
def phone_call(alarm):
    return f"calling: {alarm}"
"""
# Rooms that need an extra say so when they are imported; which it is stands in pyproject.toml.
OPTIONAL = {"web": "fastapi", "telemetry": "opentelemetry"}


def main() -> None:
    """All of it, in the order in which a user meets it."""
    package = importlib.import_module("assetflow")
    home = Path(str(package.__file__)).parent
    assert "site-packages" in home.parts, f"assetflow was not imported from where it is installed, but from {home}"
    assert package.__version__ == importlib.metadata.version("assetflow")
    assert (home / "py.typed").is_file()
    print(f"assetflow {package.__version__} on Python {sys.version.split()[0]}")
    print(f"{import_everything(home)} modules can be imported")
    print("the page is inside" if (home / "web" / "static" / "index.html").is_file() else "built without the page")

    assert told("--version").strip().endswith(package.__version__)
    for command in ("materialize", "plan", "worker", "daemon", "dev"):
        assert "Usage:" in told(command, "--help")
    in_this_process()
    on_workers()
    print("smoke test passed")


def import_everything(home: Path) -> int:
    """Import each module: a file that is missing from the wheel, or does not parse here, ends it."""
    found = 0
    for module in pkgutil.walk_packages([str(home)], "assetflow."):
        room = module.name.split(".")[1]
        needs = OPTIONAL.get(room)
        # Applications are made when their module is imported; they want a server. Migrations are run by Alembic.
        if module.name.endswith(("__main__", "worker_app")) or ".migrations" in module.name:
            continue
        if needs is not None and importlib.util.find_spec(needs) is None:
            continue
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            missing = (error.name or "").split(".")[0]
            assert missing and missing != "assetflow", f"{module.name}: {error}"
            print(f"  {module.name} wants {missing}, which no extra has brought")
        found += 1
    return found


def in_this_process() -> None:
    """`materialize` in the process that calls it."""
    package = importlib.import_module("assetflow")

    @package.asset
    def one():  # type: ignore[no-untyped-def]
        return 1

    @package.asset
    def two(one):  # type: ignore[no-untyped-def]
        return one + 1

    result = package.materialize_to_memory([one, two])
    assert result.success and result.output_for_node("two") == 2


def on_workers() -> None:
    """The command line on a cluster of its own: a server and two worker processes."""
    Path("pipeline.py").write_text(PIPELINE)
    planned = told("plan", "-f", "pipeline.py", "--json")
    assert len([json.loads(line) for line in planned.splitlines()]) >= 4, planned
    print(told("materialize", "-f", "pipeline.py"))
    listed = [json.loads(line) for line in told("runs", "list", "--json").splitlines()]
    assert [run["status"] for run in listed] == ["SUCCEEDED"], listed
    assert "orders" in told("assets", "list", "-f", "pipeline.py")


def told(*arguments: str) -> str:
    """What the installed command answers."""
    command = Path(sys.executable).parent / "assetflow"
    done = subprocess.run([str(command), *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"assetflow {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout + ("" if "--json" in arguments else done.stderr)


if __name__ == "__main__":
    main()
