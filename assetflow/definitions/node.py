"""What a graph is made of: ops, and graphs again."""

from __future__ import annotations

from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.op import OpDefinition

NodeDefinition = OpDefinition | GraphDefinition
