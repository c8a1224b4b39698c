from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.web import WebServer, web_on_its_own

PROJECT = '''
import os
from pathlib import Path
from threading import Event

from assetflow import *

HERE = Path(os.environ["ASSETFLOW_HOME"])
with open(HERE / "imported", "a") as file:
    file.write(f"{os.getpid()}\\n")


class Size(Config):
    rows: int
    unit: str = "kg"


@asset(
    group_name="raw",
    owners=["team:web"],
    metadata={
        "notes": MetadataValue.md("# Orders\\n<script>alert(1)</script>[x](javascript:alert(2)) [y](https://x.example)"),
        "home": MetadataValue.url("javascript:alert(3)"),
    },
)
def orders(context):
    """All orders."""
    context.log.info("three orders")
    print("\\x1b[31mred\\x1b[0m <b>bold</b>")
    context.add_output_metadata({"rows": 3, "share": 0.5})
    return [1, 2, 3]


@asset_check(asset=orders)
def has_orders(orders):
    return AssetCheckResult(passed=len(orders) > 0, metadata={"count": len(orders)})


@asset(group_name="marts")
def revenue(orders):
    return sum(orders)


@asset(group_name="marts", output_required=False)
def alarm(revenue):
    if revenue > 100:
        yield Output(revenue)


@asset(group_name="marts")
def novel():
    for chapter in range(24_999):
        print(f"chapter {chapter}")
    print("and they lived", end=" ", flush=True)
    print("happily ever after")


@asset(group_name="marts")
def letter(alarm):
    return "to whom it may concern"


@asset
def breaks():
    amount = "three"
    return 1 + amount


@asset
def after_breaks(breaks):
    return breaks


@asset
def sized(config: Size):
    return config.rows


@asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c", "d"]))
def letters(context):
    if context.partition_key == "c":
        raise ValueError("no c")
    return context.partition_key


@asset
def slow():
    flag = HERE / "go"
    while not flag.exists():
        pass
    return 1


@asset
def frame():
    return table()


def table():
    import pandas
    rows = int((HERE / "frame_rows").read_text()) if (HERE / "frame_rows").exists() else 3
    return pandas.DataFrame({"id": range(rows), "price": [float(i * rows) for i in range(rows)]})


@asset(partitions_def=StaticPartitionsDefinition(["north", "south"]))
def frames():
    return table()


class Unhurried(IOManager):
    def handle_output(self, context, obj):
        Event().wait(0.03)
        (HERE / context.asset_key.to_python_identifier()).write_text(str(obj))

    def load_input(self, context):
        Event().wait(0.02)
        return (HERE / context.asset_key.to_python_identifier()).read_text()


@asset(io_manager_key="unhurried")
def tea():
    return "green"


@asset(io_manager_key="unhurried", retry_policy=RetryPolicy(max_retries=1))
def cup(context, tea):
    Event().wait(0.04)
    if context.retry_number == 0:
        raise ValueError("spilt")
    return tea


class Ponderous:
    def __init__(self, name):
        self.name = name

    def __setstate__(self, state):
        while not (HERE / "weighed").exists():
            Event().wait(0.02)
        self.__dict__ = state


@asset
def ponderous(context):
    return Ponderous(context.run_id)


def _harvest_fires(context):
    return RunRequest(run_key=None)


nightly = define_asset_job("nightly", "orders", description="Every night.")
every_night = ScheduleDefinition(name="every_night", job=nightly, cron_schedule="30 2 * * 1-5")


@sensor(job=nightly)
def asking(context):
    return SkipReason("nothing new")


defs = Definitions(
    assets=[
        orders, revenue, alarm, letter, breaks, after_breaks, sized, letters, slow, frame, frames, tea, cup, ponderous,
        novel,
    ],
    asset_checks=[has_orders],
    jobs=[nightly],
    schedules=[every_night],
    sensors=[asking],
    resources={"unhurried": Unhurried()},
    environments=[
        Environment("staging", reads_from="default"),
        Environment("production", reads_from="default"),
    ],
)
'''


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """One server for the test process, with a project that has something of everything."""
    with web_on_its_own(tmp_path_factory.mktemp("web"), PROJECT) as server:
        yield server
