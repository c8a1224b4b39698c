"""Which dynamic partitions there are, for whoever plans with them."""

from __future__ import annotations

from collections.abc import Sequence

from assetflow.errors import InvalidInvocationError
from assetflow.settings import Settings
from assetflow.wiring import open_history


class KnownPartitions:
    """The dynamic partitions of a history, each definition's as they are when it is first asked about.

    Args:
        settings: say where the history is; it is opened if there is a question.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys: dict[str, list[str]] = {}

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys, in the order in which they were added.

        Raises:
            InvalidInvocationError: no history is kept.
            HistoryUnreachableError: it does not answer.
        """
        found = self._keys.get(partitions_def_name)
        if found is None:
            found = self._keys[partitions_def_name] = self._looked_up(partitions_def_name)
        return found

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is one of this key."""
        return partition_key in set(self.get_dynamic_partitions(partitions_def_name))

    def _looked_up(self, name: str) -> list[str]:
        if self._settings.history_url is None:
            raise InvalidInvocationError(
                f"the dynamic partitions {name!r} are kept by the history, and none is kept here",
                where=self._settings.where("database_url"),
                fix="remove database_url = none",
            )
        history = open_history(self._settings)
        if history is None:
            return []
        try:
            return list(history.partitions.get_dynamic_partitions(name))
        finally:
            history.close()
