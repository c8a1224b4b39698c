"""Definitions from a module's name or a file's path, with errors a person can act on."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from assetflow.definitions.bundle import Definitions
from assetflow.definitions.loading import definitions_from_module
from assetflow.errors import AssetflowError, LoadError


def load_module(name: str) -> Definitions:
    """Import a module and gather what it defines.

    Raises:
        LoadError: there is no such module, or its code raises.
    """
    return definitions_from_module(_imported(name))


def load_file(path: Path) -> tuple[Definitions, ModuleType]:
    """Run a file as a module and gather what it defines.

    Raises:
        LoadError: there is no such file, or its code raises.
    """
    if not path.is_file():
        raise LoadError(f"there is no file {path}", fix="give the path of a .py file that holds assets")
    name = path.stem.replace("-", "_")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except AssetflowError:
        raise
    except Exception as error:
        raise _does_not_load(str(path), error) from error
    return definitions_from_module(module), module


def _imported(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except AssetflowError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise LoadError(
                f"there is no module {name}",
                fix="run from the folder that holds it, install it, or give a file: -f path/to/file.py",
            ) from None
        raise _does_not_load(name, error) from error
    except Exception as error:
        raise _does_not_load(name, error) from error


def _does_not_load(what: str, error: Exception) -> LoadError:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and not _is_ours(frame.filename)]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else None
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    fix = "install it into this environment" if isinstance(error, ModuleNotFoundError) else "correct the code there"
    return LoadError(f"{what} does not load: {type(error).__name__}: {error}", where=where, fix=fix)


def _is_ours(filename: str) -> bool:
    return Path(__file__).parent.parent in Path(filename).parents
