"""Where the ``assetflow`` command begins: whoever presses Ctrl-C while it is being loaded sees no traceback."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Load the command, and run it."""
    try:
        from assetflow.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)
    run()
