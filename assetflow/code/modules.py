"""Definitions from a module's name or a file's path, with errors a person can act on."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from assetflow.collecting import collecting_seldom
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.loading import definitions_from_module
from assetflow.errors import AssetflowError, LoadError


@collecting_seldom()
def load_module(name: str) -> Definitions:
    """Import a module and gather what it defines.

    Raises:
        LoadError: there is no such module, or its code raises.
    """
    return definitions_from_module(_imported(name))


@collecting_seldom()
def load_file(path: Path) -> tuple[Definitions, ModuleType]:
    """Run a file as a module and gather what it defines.

    Raises:
        LoadError: there is no such file, or its code raises.
    """
    if path.is_dir():
        raise LoadError(f"{path} is a folder", fix="give a .py file in it, or the name of a package: -m package")
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
    except (Exception, SystemExit) as error:
        raise _does_not_load(str(path), error, _fix_in_package(path, error)) from error
    return definitions_from_module(module), module


def _imported(name: str) -> ModuleType:
    if name.endswith(".py") and Path(name).is_file():
        raise LoadError(f"{name} is a file, not the name of a module", fix=f"give it as one: -f {name}")
    if not all(part.isidentifier() for part in name.split(".")):
        raise LoadError(
            f"{name!r} is no name of a module", fix="write package.module, or give a file: -f path/to/file.py"
        )
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
                fix="run from the folder that holds it, or install it; most commands take a file, too: -f file.py",
            ) from None
        raise _does_not_load(name, error) from error
    except (Exception, SystemExit) as error:
        raise _does_not_load(name, error) from error


def own_trace(error: BaseException) -> str:
    """Through which lines of users' files loading came to what it failed by; empty if nothing was raised there."""
    cause = error.__cause__
    if cause is None:
        return ""
    lines = [*traceback.format_list(_own_frames(cause)), *traceback.format_exception_only(cause)]
    return "\n\n" + "".join(lines).rstrip()


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if "importlib" not in frame.filename and not _is_ours(frame.filename)]


def _does_not_load(what: str, error: BaseException, fix: str | None = None) -> LoadError:
    own = _own_frames(error)
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else None
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    if isinstance(error, SystemExit):
        return LoadError(
            f"{what} does not load: it ends the process while it is imported, SystemExit({error.code!r})",
            where=where,
            fix='call it only when the file is run: if __name__ == "__main__"',
        )
    usual = "install it into this environment" if isinstance(error, ModuleNotFoundError) else "correct the code there"
    return LoadError(f"{what} does not load: {type(error).__name__}: {error}", where=where, fix=fix or usual)


def _fix_in_package(path: Path, error: BaseException) -> str | None:
    """What to do about a file that cannot be run alone, because it is a module of a package; None if it is not."""
    folder, parts = path.resolve().parent, [] if path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if not isinstance(error, ImportError) or len(parts) + (path.stem == "__init__") < 2:
        return None
    if "relative import" in str(error) or (error.name is not None and error.name.split(".")[0] == parts[0]):
        return f"it is a module of a package: -m {'.'.join(parts)}, from the folder {folder}"
    return None


def _is_ours(filename: str) -> bool:
    return Path(__file__).parent.parent in Path(filename).parents
