"""The description of the endpoints: ``python -m assetflow.web.openapi`` prints it, for generated clients."""

from __future__ import annotations

import json
import sys

from assetflow.web.app import bare_app


def main() -> None:
    """Print it as JSON."""
    sys.stdout.write(json.dumps(bare_app().openapi(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
