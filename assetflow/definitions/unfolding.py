"""From what a function returned or yielded to outputs, events and results of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assetflow.definitions.checks import AssetCheckResult, AssetCheckSpec, is_truth
from assetflow.definitions.data_version import DATA_VERSION_TAG, DataVersion
from assetflow.definitions.events import AssetMaterialization, AssetObservation, ExpectationResult
from assetflow.definitions.materialize_result import NO_VALUE, MaterializeResult
from assetflow.definitions.observe_result import OBSERVATION, ObserveResult
from assetflow.definitions.outputs import Output
from assetflow.definitions.returned import outputs_of
from assetflow.errors import CheckError, InvariantViolationError
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.op import OpDefinition

Event = AssetMaterialization | AssetObservation | ExpectationResult
Item = Output[Any] | Event | AssetCheckResult
YIELDED = (Output, AssetMaterialization, AssetObservation, ExpectationResult, MaterializeResult, AssetCheckResult)


def unfold_yielded(op: OpDefinition, item: Any, keys: Mapping[str, AssetKey]) -> Iterator[Item]:
    """What one yielded item says.

    Args:
        keys: the asset that each output makes.

    Raises:
        InvariantViolationError: it is nothing that may be yielded.
    """
    if not isinstance(item, YIELDED):
        raise InvariantViolationError(
            f'Compute function for op "{op.name}" yielded a value of type {type(item)} '
            "rather than an instance of Output, AssetMaterialization, or AssetObservation",
            where=_where(op),
            fix="yield Output(value)",
        )
    if isinstance(item, MaterializeResult):
        yield from _of_result(op, item, keys)
        return
    yield item
    if isinstance(item, AssetCheckResult) and op.only_checks:
        yield _done(op, item)


def unfold_returned(op: OpDefinition, value: Any, keys: Mapping[str, AssetKey]) -> Iterator[Item]:
    """What a returned value says.

    Raises:
        InvariantViolationError: it does not fit the outputs.
    """
    if op.observes is not None:
        yield _seen(op, op.observes, value)
        yield Output(None, output_name=OBSERVATION)
        return
    if op.only_checks:
        results = list(value) if isinstance(value, list | tuple) else [value]
        for result in results:
            if not isinstance(result, AssetCheckResult) and not is_truth(result):
                raise InvariantViolationError(
                    f'the check "{op.name}" returned {result!r}, which is neither an AssetCheckResult nor a bool',
                    where=_where(op),
                    fix="return AssetCheckResult(passed=...)",
                )
            said = result if isinstance(result, AssetCheckResult) else AssetCheckResult(passed=result)
            yield from unfold_yielded(op, said, keys)
        return
    values = value if op.checks and isinstance(value, tuple) else (value,)
    if any(isinstance(one, AssetCheckResult) for one in values):
        yield from _with_checks(op, values, keys)
    elif isinstance(value, MaterializeResult):
        yield from _of_result(op, value, keys)
    elif isinstance(value, list | tuple) and value and all(isinstance(one, MaterializeResult) for one in value):
        for one in value:
            yield from _of_result(op, one, keys)
    elif value is None and all(out.may_be_none for out in op.outs.values()):
        for name, out in op.outs.items():
            yield Output(NO_VALUE if out.is_self_stored else None, output_name=name)
    elif all(out.is_self_stored for out in op.outs.values()) and not isinstance(value, Output | tuple):
        raise CheckError(
            f'op "{op.name}" stores what it makes by itself, and returned a value of type {type(value).__name__}: '
            f"return MaterializeResult(value=...) to have it stored, or nothing: {_where(op)}"
        )
    else:
        yield from outputs_of(op, value)


def _with_checks(op: OpDefinition, values: tuple[Any, ...], keys: Mapping[str, AssetKey]) -> Iterator[Item]:
    """What a tuple says that holds results of checks beside the values."""
    made = tuple(one for one in values if not isinstance(one, AssetCheckResult))
    if made:
        yield from unfold_returned(op, made[0] if len(op.outs) == len(made) == 1 else made, keys)
    yield from (one for one in values if isinstance(one, AssetCheckResult))


def spec_of(op: OpDefinition, result: AssetCheckResult) -> AssetCheckSpec:
    """Which of an op's checks a result is of.

    Raises:
        InvariantViolationError: of none, or it could be of several.
    """
    fitting = [
        spec
        for spec in op.checks.values()
        if result.check_name in (None, spec.name) and result.asset_key in (None, spec.asset_key)
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(str(spec.key) for spec in op.checks.values()) or "none"
    said = {"check_name": result.check_name, "asset_key": result.asset_key and result.asset_key.to_user_string()}
    asked = " and ".join(f'{name} "{value}"' for name, value in said.items() if value is not None)
    problem = "could be of several of its checks" if fitting else "is of no check that it declares"
    fix = "say check_name and asset_key"
    if not fitting:
        declare = "declare it in specs" if op.only_checks else "declare it: check_specs=[AssetCheckSpec(...)]"
        fix = "leave asset_key and check_name out" if op.only_checks and len(op.checks) == 1 else declare
    raise InvariantViolationError(
        f'op "{op.name}" gave an AssetCheckResult with {asked or "no check_name"}, which {problem}: {known}',
        where=_where(op),
        fix=fix,
    )


def _seen(op: OpDefinition, key: AssetKey, value: Any) -> AssetObservation:
    if isinstance(value, DataVersion):
        value = ObserveResult(data_version=value)
    if not isinstance(value, ObserveResult):
        raise CheckError(
            f"the function that observes {op.name} returned {value!r}, which is neither a DataVersion nor an "
            f"ObserveResult: {_where(op)}"
        )
    version = {} if value.data_version is None else {DATA_VERSION_TAG: value.data_version.value}
    return AssetObservation(key, metadata=dict(value.metadata), tags={**value.tags, **version})


def _of_result(op: OpDefinition, result: MaterializeResult[Any], keys: Mapping[str, AssetKey]) -> Iterator[Item]:
    name = _output_of(op, result, keys)
    key = keys.get(name)
    yield Output(
        result.value,
        output_name=name,
        metadata=dict(result.metadata),
        data_version=result.data_version,
        tags=result.tags,
    )
    for said in result.check_results:
        yield said if said.asset_key is not None or key is None else replace(said, asset_key=key)


def _output_of(op: OpDefinition, result: MaterializeResult[Any], keys: Mapping[str, AssetKey]) -> str:
    if len(op.outs) == 1 and (result.asset_key is None or not keys):
        return next(iter(op.outs))
    for name, key in keys.items():
        if key == result.asset_key:
            return name
    known = ", ".join(key.to_user_string() for key in keys.values()) or "none"
    asked = "no asset_key" if result.asset_key is None else f"the asset_key {result.asset_key.to_user_string()}"
    raise InvariantViolationError(
        f'op "{op.name}" gave a MaterializeResult with {asked}; the assets it was asked for are: {known}',
        where=_where(op),
        fix="MaterializeResult(asset_key=...)",
    )


def _done(op: OpDefinition, result: AssetCheckResult) -> Output[None]:
    return Output(None, output_name=spec_of(op, result).get_python_identifier())


def _where(op: OpDefinition) -> str | None:
    return str(op.location) if op.location else None
