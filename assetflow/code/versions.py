"""Code versions: a label for the code that makes an asset, which changes when that code does what it did not do before.

What counts is the asset's function and all it reaches of the project. Comments, layout and docstrings do not count, nor
do installed packages. The author's own `code_version` comes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from assetflow.code.fingerprint import digest
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.op import OpDefinition
from assetflow.keys import AssetKey
from assetflow.log import logger

if TYPE_CHECKING:
    from assetflow.code.reach import Reach


class CodeVersions:
    """The code versions of a project's assets, each found when it is first asked for.

    Args:
        assets: the definition that makes each asset.
    """

    def __init__(self, assets: Mapping[AssetKey, AssetsDefinition]) -> None:
        self._assets = assets
        self._reach: Reach | None = None
        self._found: dict[AssetKey, str] = {}

    def of(self, key: AssetKey) -> str:
        """The version of the code that makes an asset; KeyError if nothing here makes it."""
        found = self._found.get(key)
        if found is None:
            asset = self._assets[key]
            output = next(name for name, made in asset.keys_by_output_name.items() if made == key)
            found = self._found[key] = self._of_output(asset, output)
        return found

    def _of_output(self, asset: AssetsDefinition, output: str) -> str:
        node = asset.node_def
        if isinstance(node, GraphDefinition):
            return self._of_graph(node, output)
        return node.outs[output].code_version or self._of_op(node)

    def _of_op(self, op: OpDefinition) -> str:
        if op.code_version:
            return op.code_version
        if self._reach is None:
            # What reads code is imported where code is read: workers that were sent the code never do.
            self._reach = import_module("assetflow.code.reach").Reach()
        try:
            return self._reach.version(op.compute_fn)
        except Exception as error:  # some object raises when it is looked at; no run is worth less for that
            logger.warning("the code of %s is known by its name only: %r", op.where, error)
            return digest(op.name)

    def _of_graph(self, graph: GraphDefinition, output: str) -> str:
        """The versions of the ops that a graph's output needs, and how they are connected."""
        calls = graph.calls_behind(output)
        parts = [f"{call.path} {self._of_op(call.op)} {sorted(call.inputs.items())!r}" for call in calls]
        return digest("\n".join([repr(graph.makers[output]), *parts]))
