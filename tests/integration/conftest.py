from __future__ import annotations

from collections.abc import Iterator

import pytest

from assetflow.client import active_connection
from assetflow.local.cluster import LocalCluster
from tests.support.cluster import running_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A worker with two processes for the tests of a module; ``submit`` goes there."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        token = active_connection.set(running.connection)
        yield running
        active_connection.reset(token)
