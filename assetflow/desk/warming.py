"""Doing once what every answer needs, before the children are forked that give them."""

from __future__ import annotations

from assetflow.submission import Project


def warm(project: Project) -> None:
    """Build the graph and read the code of every asset.

    Raises:
        AssetflowError, CheckError: the definitions are wrong.
    """
    graph = project.graph()
    project.definitions.check()
    for key in graph.materializable_keys:
        graph.code_versions.of(key)
        graph.read_for(key)
