"""Assets written in SQL: each is a query over the assets it names, and a table of a DuckDB file that others can query.

python -m examples.sql_orders
"""

from __future__ import annotations

import os
from typing import Any

import duckdb
import pyarrow

from assetflow import Definitions, DuckDBIOManager, asset, materialize


@asset(key_prefix="raw")
def orders() -> pyarrow.Table:
    """What customers have ordered."""
    return pyarrow.table({"customer": ["ann", "bob", "ann", "eve"], "amount": [20.0, 5.5, 12.5, 40.0]})


@asset(key_prefix="shop")
def customers(orders: pyarrow.Table) -> Any:  # noqa: ARG001 (the query names it)
    """What each has spent, the best one first."""
    return duckdb.sql(
        "SELECT customer, count(*) AS orders, sum(amount) AS spent FROM orders GROUP BY ALL ORDER BY spent DESC"
    )


@asset(key_prefix="shop")
def good_customers(customers: pyarrow.Table) -> Any:  # noqa: ARG001 (the query names it)
    """Those who have spent more than ten."""
    return duckdb.sql("SELECT * FROM customers WHERE spent > 10")


defs = Definitions(
    assets=[orders, customers, good_customers],
    resources={"io_manager": DuckDBIOManager(os.environ.get("SHOP_DATABASE", ".assetflow/warehouse.duckdb"))},  # noqa: TID251
)

if __name__ == "__main__":
    materialize(defs.assets, resources=dict(defs.resources))
