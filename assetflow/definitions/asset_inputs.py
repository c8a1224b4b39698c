"""From the parameters of a function to the assets it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from assetflow.config.shapes import Field
from assetflow.config.spec import ConfigSpec, config_spec
from assetflow.definitions.asset_spec import AssetDep, AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.names import read_dependency, read_key
from assetflow.definitions.op import OpInput
from assetflow.definitions.signature import CONFIG_NAME, EMPTY, Parameters
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.typecheck import is_nothing
from assetflow.errors import CheckError, InvalidConfigError, InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey

Item = TypeVar("Item")
CoercibleToDependency = CoercibleToAssetKey | AssetsDefinition | SourceAsset | AssetSpec | AssetDep


def read_inputs(
    parameters: Parameters,
    given_ins: Mapping[str, AssetIn] | None,
    non_argument_deps: Iterable[AssetKey | str] | None,
    deps: Iterable[CoercibleToDependency] | None,
    where: str | None,
) -> tuple[dict[str, OpInput], dict[str, AssetKey]]:
    """The inputs of a function: its parameters, and the assets that only have to be made before.

    Returns:
        the inputs, and the key each of them stands for, both by name.

    Raises:
        InvalidDefinitionError: a parameter stands for no asset, an AssetIn for no parameter, or a dependency is
            named twice.
        CheckError: something in `given_ins` is no AssetIn.
    """
    check_named(parameters, where)
    ins: Mapping[str, AssetIn] = given_ins or {}
    if not isinstance(ins, Mapping):
        raise CheckError(f"ins maps argument names to AssetIn, unlike {ins!r}")
    for name, value in ins.items():
        if not isinstance(value, AssetIn):
            raise CheckError(f"ins maps argument names to AssetIn, not to {type(value).__name__}: {value!r}")
        if name not in parameters.names and not parameters.takes_any and not is_nothing(value.annotation):
            raise InvalidDefinitionError(
                f"Key '{name}' in provided ins dict does not correspond to any of the names of the arguments "
                f"to the decorated function: {', '.join(parameters.names) or 'it has none'}",
                where=where,
                fix="name an argument of the function",
            )
    names = [*parameters.names, *(name for name in ins if name not in parameters.names)]
    inputs: dict[str, OpInput] = {}
    keys: dict[str, AssetKey] = {}
    for name in names:
        item = ins.get(name)
        annotation = (
            item.annotation if item is not None and item.annotation is not None else parameters.annotation(name)
        )
        if is_nothing(annotation) and name in parameters.names:
            raise InvalidDefinitionError(
                f"the argument {name} has the type Nothing, of which there is no value to give to it",
                where=where,
                fix="take it out of the function's arguments, and name the asset in deps",
            )
        inputs[name] = OpInput(
            name=name,
            annotation=annotation,
            is_nothing=is_nothing(annotation),
            metadata=item.metadata if item is not None else {},
            input_manager_key=item.input_manager_key if item is not None else None,
        )
        keys[name] = item.resolve(name) if item is not None else AssetKey(name)
    ordering = set(map(read_dependency, several(non_argument_deps, "non_argument_deps")))
    for dependency in several(deps, "deps"):
        ordering |= _keys_of(dependency, where)
    for twice in sorted(ordering & set(keys.values())):
        argument = next(name for name, key in keys.items() if key == twice)
        raise InvalidDefinitionError(
            f"{twice.to_user_string()} is loaded for the argument {argument} already, which makes it a dependency",
            where=where,
            fix="name it in one place: as an argument if its value is wanted, else in deps",
        )
    for dependency in sorted(ordering):
        name = add_ordering(inputs, dependency)
        keys[name] = dependency
    return inputs, keys


def add_ordering(inputs: dict[str, OpInput], key: AssetKey) -> str:
    """Add an input that only says what has to be made before, and return its name."""
    name = key.to_python_identifier()
    while name in inputs:
        name += "_"
    inputs[name] = OpInput(name=name, annotation=EMPTY, is_nothing=True)
    return name


def check_named(parameters: Parameters, where: str | None) -> None:
    """Check that every parameter can be given by its name; InvalidDefinitionError if not."""
    if parameters.nameless:
        raise InvalidDefinitionError(
            f"the function has parameters that stand for no input: {', '.join(parameters.nameless)}",
            where=where,
            fix="the context is given by position and everything else by name: write `def f(context, upstream)`",
        )


def arguments_of(parameters: Parameters, inputs: Mapping[str, OpInput]) -> tuple[str, ...]:
    """What a function can be called with besides the context, in order; what ``**kwargs`` takes comes last."""
    more = (name for name, item in inputs.items() if not item.is_nothing and name not in parameters.arguments)
    return (*parameters.arguments, *more)


def read_config(parameters: Parameters, config_schema: Any, where: str | None) -> ConfigSpec:
    """The config of a function: that of its argument ``config``, or a schema.

    Raises:
        InvalidDefinitionError: ``config`` says nothing of its form.
        CheckError: there is a schema too.
    """
    if not parameters.takes_config:
        return config_spec(config_schema, where)
    if config_schema is not None:
        raise CheckError("config_schema and an argument named config exclude each other")
    annotation = parameters.annotation(CONFIG_NAME)
    if annotation is EMPTY:
        raise InvalidDefinitionError(
            "the argument config stands for the asset's config, but its annotation is missing, or is a text that "
            "cannot be resolved (a class made inside of a function)",
            where=where,
            fix="annotate it with a class derived from Config; an asset cannot be named config",
        )
    if CONFIG_NAME not in parameters.defaults:
        return config_spec(annotation, where)
    default = parameters.defaults[CONFIG_NAME]
    try:
        field = Field(annotation, default_value=default)
    except InvalidConfigError as error:
        raise InvalidDefinitionError(
            f"the default of the argument config does not fit its annotation: {error}", where=where
        ) from None
    # A form that knows how: fields that are not given then are those of the default, one by one.
    preset_by = getattr(field.config_type, "preset_by", None)
    return ConfigSpec(field if preset_by is None else preset_by(default))


def read_resource_keys(parameters: Parameters, required: Iterable[str] | None, resource_defs: Any) -> frozenset[str]:
    """The resources a function uses: those it takes as arguments, or those that are declared.

    Raises:
        CheckError: both are there.
    """
    declared = frozenset(several(required, "required_resource_keys"))
    if parameters.resources and (declared or resource_defs):
        raise CheckError(
            "required_resource_keys and resource_defs exclude resources as arguments: "
            f"{', '.join(parameters.resources)}"
        )
    return declared | frozenset(parameters.resources)


def _keys_of(dependency: CoercibleToDependency, where: str | None) -> frozenset[AssetKey]:
    if isinstance(dependency, AssetsDefinition):
        return dependency.keys
    if isinstance(dependency, SourceAsset | AssetSpec):
        return frozenset({dependency.key})
    if isinstance(dependency, AssetDep):
        return frozenset({dependency.asset_key})
    return frozenset({read_key(dependency, "deps", where)})


def several(values: Iterable[Item] | None, what: str) -> Iterable[Item]:
    """The values of an argument that takes a set; CheckError for a single one, which Python would take apart."""
    if isinstance(values, str | AssetKey):
        raise CheckError(f"{what} is a set, not a single one: {values!r}")
    return values or ()
