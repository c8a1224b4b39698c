"""The ``assetflow`` command: its groups, and what it says when something is wrong."""

from __future__ import annotations

import errno
import os
import sys

import click

from assetflow.cli.console import ERR, show_error
from assetflow.cli.lazy import LazyGroup
from assetflow.errors import (
    AlertError,
    AssetflowError,
    CheckError,
    InvalidDefinitionError,
    LoadError,
    RunFailed,
    ServiceUnreachableError,
    StorageError,
    UnsupportedServerError,
)

SUCCESS, STEP_FAILED, USAGE, BAD_DEFINITIONS, UNREACHABLE, CANCELLED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_SECTIONS = {
    "Make assets": {
        "materialize": "assetflow.cli.materialize:materialize",
        "backfill": "assetflow.cli.backfill:backfill",
        "plan": "assetflow.cli.plan:plan",
    },
    "Look at assets and runs": {
        "assets": "assetflow.cli.assets:assets",
        "partitions": "assetflow.cli.partitions:partitions",
        "runs": "assetflow.cli.runs:runs",
        "logs": "assetflow.cli.logs:logs",
    },
    "Compare and publish environments": {
        "diff": "assetflow.cli.diff:diff",
        "promote": "assetflow.cli.promote:promote",
    },
    "Have assets made by themselves": {
        "schedule": "assetflow.cli.schedules:schedule",
        "sensor": "assetflow.cli.sensors:sensor",
        "automation": "assetflow.cli.automation:automation",
    },
    "Start processes": {
        "dev": "assetflow.cli.dev:dev",
        "worker": "assetflow.cli.worker:worker",
        "daemon": "assetflow.cli.daemon:daemon",
        "ui": "assetflow.cli.ui:ui",
        "metrics": "assetflow.cli.metrics:metrics",
    },
    "Look after a cluster": {
        "doctor": "assetflow.cli.doctor:doctor",
        "pools": "assetflow.cli.limits:pools",
        "run-limits": "assetflow.cli.limits:run_limits",
        "alerts": "assetflow.cli.alerts:alerts",
        "token": "assetflow.cli.tokens:token",
        "history": "assetflow.cli.history:history",
        "gc": "assetflow.cli.gc:gc",
    },
}

_EXAMPLES = {
    "assetflow materialize -m my_project": "everything",
    'assetflow materialize -m my_project "*report"': "report, and all it needs",
    "assetflow plan -f pipeline.py group:marts": "what would be done",
}


@click.group(
    cls=LazyGroup,
    sections=_SECTIONS,
    examples=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="assetflow", prog_name="assetflow")
def cli() -> None:
    """Materialize software-defined assets on Celery workers."""


def exit_code_of(error: Exception) -> int:
    """The exit code that belongs to an error."""
    if isinstance(error, ServiceUnreachableError | UnsupportedServerError | StorageError | AlertError):
        return UNREACHABLE
    if isinstance(error, InvalidDefinitionError | LoadError):
        return BAD_DEFINITIONS
    return STEP_FAILED if isinstance(error, RunFailed) else USAGE


def refused_by_the_system(error: OSError) -> AssetflowError:
    """What the system says about a file, with what to do about it."""
    fixes = {
        errno.ENOSPC: "make room: `assetflow gc` shows what is stored and not needed",
        errno.EDQUOT: "make room: `assetflow gc` shows what is stored and not needed",
        errno.EROFS: "name a folder that can be written to: ASSETFLOW_HOME, or `home` in assetflow.toml",
        errno.EACCES: "let this user read and write there, or name another folder in ASSETFLOW_HOME",
        errno.EMFILE: "allow more open files: ulimit -n",
    }
    where = str(error.filename) if error.filename else None
    fix = fixes.get(error.errno or 0, "ASSETFLOW_TRACE=1 shows where it was met")
    return AssetflowError(str(error.strerror), where=where, fix=fix)


def main() -> None:
    """Run the command, and end with its exit code."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else SUCCESS)
    except SystemExit as error:
        # Click's own answer to a reader that has gone, as `| head` does.
        if isinstance(error.__context__, BrokenPipeError):
            sys.exit(SUCCESS)
        raise
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        ERR.print("interrupted", style="yellow")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(SUCCESS)
    except (AssetflowError, CheckError) as error:
        if ERR.is_traced:
            raise
        show_error(error)
        sys.exit(exit_code_of(error))
    except OSError as error:
        # What the system refuses, such as room on a disk, is none of our bugs.
        if ERR.is_traced or error.strerror is None:
            raise
        show_error(refused_by_the_system(error))
        sys.exit(USAGE)
