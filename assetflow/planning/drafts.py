"""What a step needs and makes, before it is known which steps come after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assetflow.definitions.op import OpInput
from assetflow.definitions.retry import RetryPolicy
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.parts import InnerValue, Part, Value
from assetflow.planning.pieces import Piece
from assetflow.planning.plan import StepInput, StepOutput, StepRetry
from assetflow.planning.targets import Divided

Made = tuple[Value, str]  # a value, and the partition of it; empty for what is not divided


class Draft(NamedTuple):
    """A step, as far as it is known from its own definition and those it reads."""

    inputs: tuple[StepInput, ...]
    outputs: tuple[StepOutput, ...]
    retry: StepRetry | None


class _Stored(NamedTuple):
    """How a value is kept.

    Attributes:
        io_manager_key: the manager that stores it.
        is_nothing: nothing is stored of it.
        is_whole: it is an asset or a source without partitions.
        output: the index of what makes it, if it is whole and made in this plan.
    """

    io_manager_key: str
    is_nothing: bool
    is_whole: bool = False
    output: int | None = None


class Drafts:
    """Makes the drafts of all pieces of a plan.

    Args:
        code_of: names the code that makes an asset.
    """

    def __init__(
        self,
        graph: AssetGraph,
        pieces: Sequence[Piece],
        divided: Divided,
        code_of: Callable[[AssetKey], str | None],
    ) -> None:
        self._graph = graph
        self._divided = divided
        self._code_of = code_of
        self._outputs = _numbered(pieces)
        self._stored = _stored(graph, pieces, self._outputs)

    def of(self, piece: Piece) -> Draft:
        """The draft of one piece."""
        part, op = piece.part, piece.part.call.op
        own = piece.partitions[0] if piece.partitions else ""
        inputs: list[StepInput] = []
        for name, declared in op.ins.items():
            for value in part.inputs.get(name, ()):
                self._add_inputs(inputs, piece, name, declared, value)
        if part.after:
            read = {(item.key, item.partition) for item in inputs}
            for value in part.after:
                inputs += self._after(piece, value, read)
        outputs = [
            StepOutput(
                index=self._outputs[(value, own)],
                name=name,
                key=_segments(value),
                required=op.outs[name].is_required,
                io_manager_key=op.outs[name].io_manager_key,
                code_version=self._code_of(value) if isinstance(value, AssetKey) else None,
            )
            for name, value in part.outputs.items()
        ]
        return Draft(tuple(inputs), tuple(outputs), _retry(op.retry_policy))

    def _add_inputs(self, inputs: list[StepInput], piece: Piece, name: str, declared: OpInput, value: Value) -> None:
        """One for each value that a step reads of an input."""
        stored = self._stored[value]
        loads = not declared.is_nothing and (not stored.is_nothing or bool(declared.input_manager_key))
        manager = declared.input_manager_key or stored.io_manager_key
        key = _segments(value)
        if stored.is_whole or isinstance(value, InnerValue):
            output = stored.output
            if not stored.is_whole:
                output = self._outputs.get((value, piece.partitions[0] if piece.partitions else ""))
            listed = name in piece.part.call.lists
            inputs.append(
                StepInput(name=name, key=key, output=output, io_manager_key=manager, loads=loads, listed=listed)
            )
            return
        needed, keyed = self._needed(piece, name, value)
        if not needed:
            inputs.append(
                StepInput(name=name, key=key, io_manager_key=manager, loads=loads, keyed=keyed, is_empty=True)
            )
        for partition in needed:
            output = self._outputs.get((value, partition))
            if loads or output is not None:
                one = StepInput(
                    name=name,
                    key=key,
                    output=output,
                    io_manager_key=manager,
                    loads=loads,
                    partition=str(partition),
                    keyed=keyed,
                )
                inputs.append(one)

    def _needed(self, piece: Piece, name: str, value: AssetKey) -> tuple[Sequence[str], bool]:
        """The partitions of an input, and whether its value is a dict of theirs."""
        asset = piece.part.asset
        mapping, edge = self._divided.edge(asset, self._outer_name(piece.part, name), value)
        if asset.backfill_policy.makes_several:
            found = dict.fromkeys(need for key in piece.partitions for need in mapping.upstream_of(key, edge))
            return list(found), True
        needed = mapping.upstream_of(piece.partitions[0] if piece.partitions else None, edge)
        return needed, not mapping.gives_one(edge, len(needed))

    def _outer_name(self, part: Part, name: str) -> str:
        """What the definition calls the input that its op, somewhere in a graph, calls by this name."""
        if not part.call.path:
            return name
        return next((source for source in part.call.inputs.get(name, ()) if isinstance(source, str)), name)

    def _after(self, piece: Piece, value: Value, read: set[tuple[tuple[str, ...], str]]) -> Iterator[StepInput]:
        name = value.to_python_identifier() if isinstance(value, AssetKey) else value.maker.output
        if isinstance(value, AssetKey):
            partitions: Sequence[str] = piece.partitions or ("",)
        else:
            checked = {key.asset_key.parts for key in value.asset.check_keys}
            partitions = sorted(partition for key, partition in read if key in checked)
        outputs = dict.fromkeys(self._outputs.get((value, partition)) for partition in partitions)
        for output in outputs:
            if output is not None:
                yield StepInput(name=name, key=_segments(value), output=output, loads=False)


def _numbered(pieces: Sequence[Piece]) -> dict[Made, int]:
    numbers: dict[Made, int] = {}
    count = 0
    for piece in pieces:
        for value in piece.part.outputs.values():
            for partition in piece.partitions or ("",):
                numbers[(value, partition)] = count
            count += 1
    return numbers


def _stored(graph: AssetGraph, pieces: Sequence[Piece], outputs: Mapping[Made, int]) -> dict[Value, _Stored]:
    """How every asset, every source and everything that ops hand to each other is kept."""
    found: dict[Value, _Stored] = {
        key: _Stored(source.io_manager_key, False, source.partitions_def is None, outputs.get((key, "")))
        for key, source in graph.sources_by_key.items()
    }
    for asset in dict.fromkeys(graph.assets_by_key.values()):
        whole = asset.partitions_def is None
        for name, key in asset.keys_by_output_name.items():
            out = asset.node_def.outs[name]
            found[key] = _Stored(out.io_manager_key, out.is_nothing, whole, outputs.get((key, "")) if whole else None)
    for piece in pieces:
        for name, value in piece.part.outputs.items():
            if isinstance(value, InnerValue):
                out = piece.part.call.op.outs[name]
                found[value] = _Stored(out.io_manager_key, out.is_nothing)
    return found


def _segments(value: Value) -> tuple[str, ...]:
    return value.parts if isinstance(value, AssetKey) else ()


def _retry(policy: RetryPolicy | None) -> StepRetry | None:
    if policy is None:
        return None
    return StepRetry(
        max_retries=policy.max_retries,
        delay=policy.delay or 0.0,
        backoff=policy.backoff.value if policy.backoff else None,
        jitter=policy.jitter.value if policy.jitter else None,
    )
