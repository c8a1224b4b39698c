"""Clients and workers with different keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assetflow import asset
from assetflow.client import submit_project
from assetflow.clock import wait_until
from assetflow.code.signing import Signer
from assetflow.local.cluster import LocalCluster
from assetflow.runs.facts import FactKind
from assetflow.submission import project_of


@pytest.mark.usefixtures("cluster")
def test_a_run_of_another_key_is_refused_and_does_not_spoil_the_next(cluster: LocalCluster) -> None:
    @asset
    def one():
        return 1

    stranger = replace(cluster.connection, signer=Signer(b"another key, as long as it must be"))
    refused = submit_project(stranger, project_of(one))
    facts = lambda: cluster.connection.store.facts(refused.id)  # noqa: E731
    assert wait_until(lambda: any(fact.kind is FactKind.RUN_REFUSED for fact in facts()), timeout=10)
    assert submit_project(cluster.connection, project_of(one)).wait(20).success
    refused.cancel()
