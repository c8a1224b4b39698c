"""The partitions that were added while the world went on, in a SQL database."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, delete, select

from assetflow.runs.entries import PartitionEntry
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.inserting import insert
from assetflow.stores.sql.tables import dynamic_partitions

_known = dynamic_partitions.c


class SqlDynamicPartitions:
    """Dynamic partitions by the name of their definition; a DynamicPartitionsStore.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys, in the order in which they were added."""
        query = select(_known.key).where(_known.definition == partitions_def_name).order_by(_known.added, _known.key)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is one of this key."""
        query = select(_known.key).where(_known.definition == partitions_def_name, _known.key == partition_key)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def add(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add partitions; those that are there stay where they are."""
        now = time.time()
        entries = [PartitionEntry(partitions_def_name, key, now + at * 1e-6) for at, key in enumerate(partition_keys)]
        with self._database.writing() as connection:
            change_partitions(connection, entries)

    def remove(self, partitions_def_name: str, partition_keys: Collection[str]) -> None:
        """Remove partitions. What was made of them stays."""
        with self._database.writing() as connection:
            change_partitions(connection, [PartitionEntry(partitions_def_name, key, None) for key in partition_keys])


def change_partitions(connection: Connection, entries: Sequence[PartitionEntry]) -> None:
    """Add partitions, and remove those that were added at no time, in this order of each definition."""
    insert(connection, dynamic_partitions, [entry for entry in entries if entry.added is not None])
    for entry in entries:
        if entry.added is None:
            connection.execute(
                delete(dynamic_partitions).where(_known.definition == entry.definition, _known.key == entry.key)
            )
