"""Keys and ranges of partitions, as they are written on the command line."""

from __future__ import annotations

from collections.abc import Collection

import click

from assetflow.errors import InvalidInvocationError
from assetflow.planning.targets import WantedPartitions
from assetflow.submission import read_partitions as read


def read_partitions(texts: Collection[str]) -> WantedPartitions:
    """See `assetflow.submission.read_partitions`; what is no range is told as of the option."""
    try:
        return read(texts)
    except InvalidInvocationError as error:
        raise click.BadParameter(error.message, param_hint="--partitions") from None
