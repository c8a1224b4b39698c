"""Gathering assets from modules and packages."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.check_decorator import AssetChecksDefinition
from assetflow.definitions.job import AssetJob
from assetflow.definitions.labels import read_labels
from assetflow.definitions.names import CoercibleToPrefix, check_group, read_prefix
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.source_asset import DEFAULT_GROUP, SourceAsset
from assetflow.errors import InvalidDefinitionError, LoadError, ParameterCheckError
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition

Loaded = AssetsDefinition | SourceAsset


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    automation_condition: AutomationCondition | None = None,
) -> list[Loaded]:
    """The assets and source assets that are attributes of the modules, or in lists that are.

    Args:
        group_name: put all of them into this group.
        key_prefix: put these segments before the keys of the assets, and before their dependencies on each
            other; source assets and keys from elsewhere stay as they are.
        automation_condition: of all assets that have none of their own.

    Returns:
        copies where something is given; the objects themselves stay as they are.

    Raises:
        InvalidDefinitionError: a key is defined twice, or an asset has a group already.
    """
    found = [item for item in _gather(_listed(modules)) if not isinstance(item, AssetChecksDefinition)]
    return _with_attributes(found, group_name, key_prefix, automation_condition)


def load_asset_checks_from_modules(
    modules: Iterable[ModuleType], asset_key_prefix: CoercibleToPrefix | None = None
) -> list[AssetChecksDefinition]:
    """The checks that are attributes of the modules, or in lists that are.

    Args:
        asset_key_prefix: put these segments before the keys of the assets that are checked.
    """
    found = [item for item in _gather(_listed(modules)) if isinstance(item, AssetChecksDefinition)]
    prefix = read_prefix(asset_key_prefix)
    if not prefix:
        return found
    keys = {spec.asset_key for item in found for spec in item.check_specs}
    renamed = {key: AssetKey((*prefix, *key.parts)) for key in keys}
    return [cast("AssetChecksDefinition", item.with_attributes(new_keys=renamed)) for item in found]


def load_asset_checks_from_current_module(
    asset_key_prefix: CoercibleToPrefix | None = None,
) -> list[AssetChecksDefinition]:
    """The same, of the module that calls this."""
    return load_asset_checks_from_modules([_caller(inspect.currentframe())], asset_key_prefix)


def load_asset_checks_from_package_module(
    package_module: ModuleType, asset_key_prefix: CoercibleToPrefix | None = None
) -> list[AssetChecksDefinition]:
    """The same, of a package and every module in it, which are all imported."""
    return load_asset_checks_from_modules(_walk(package_module), asset_key_prefix)


def load_asset_checks_from_package_name(
    package_name: str, asset_key_prefix: CoercibleToPrefix | None = None
) -> list[AssetChecksDefinition]:
    """The same, of a package's name; ModuleNotFoundError if there is none."""
    return load_asset_checks_from_package_module(_imported(package_name), asset_key_prefix)


def load_assets_from_current_module(
    group_name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    automation_condition: AutomationCondition | None = None,
) -> list[Loaded]:
    """The same, of the module that calls this."""
    return load_assets_from_modules([_caller(inspect.currentframe())], group_name, key_prefix, automation_condition)


def load_assets_from_package_module(
    package_module: ModuleType,
    group_name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    automation_condition: AutomationCondition | None = None,
) -> list[Loaded]:
    """The same, of a package and every module in it, which are all imported."""
    return load_assets_from_modules(_walk(package_module), group_name, key_prefix, automation_condition)


def load_assets_from_package_name(
    package_name: str,
    group_name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    automation_condition: AutomationCondition | None = None,
) -> list[Loaded]:
    """The same, of a package's name; ModuleNotFoundError if there is none."""
    return load_assets_from_package_module(_imported(package_name), group_name, key_prefix, automation_condition)


def definitions_from_module(module: ModuleType) -> Definitions:
    """The Definitions object of a module; if it has none, a new one of what lies loose in it.

    That is its assets, jobs, schedules and sensors.

    Raises:
        LoadError: it has several, or nothing at all.
    """
    bundles = {id(value): (name, value) for name, value in vars(module).items() if isinstance(value, Definitions)}
    if isinstance(vars(module).get("defs"), Definitions):
        return module.defs  # type: ignore[no-any-return]
    if len(bundles) > 1:
        names = ", ".join(name for name, _ in bundles.values())
        raise LoadError(
            f"module {module.__name__} has several Definitions: {names}",
            where=getattr(module, "__file__", None),
            fix="name the one that counts `defs`, or make one of them: defs = Definitions.merge(...)",
        )
    if bundles:
        return next(iter(bundles.values()))[1]
    loose = _gather([module])
    if not loose:
        raise LoadError(
            f"module {module.__name__} defines no assets",
            where=getattr(module, "__file__", None),
            fix=f'gather those of its modules: assets = load_assets_from_package_name("{module.__name__}")'
            if hasattr(module, "__path__")
            else "decorate a function with @asset, or make `defs = Definitions(assets=[...])`",
        )

    def all_of(kind: type[Any]) -> list[Any]:
        return list({id(value): value for value in vars(module).values() if isinstance(value, kind)}.values())

    return Definitions(
        assets=loose,
        jobs=all_of(AssetJob),
        schedules=all_of(ScheduleDefinition),
        sensors=all_of(SensorDefinition),
    )


def _listed(modules: Iterable[ModuleType]) -> list[ModuleType]:
    if isinstance(modules, ModuleType | str) or not isinstance(modules, Iterable):
        raise ParameterCheckError(f"modules is a list of modules, not {type(modules).__name__}: {modules!r}")
    return list(modules)


def _imported(package_name: str) -> ModuleType:
    if not isinstance(package_name, str):
        raise ParameterCheckError(
            f"package_name is a str, not {type(package_name).__name__}: {package_name!r}; "
            "for a module there is load_assets_from_package_module"
        )
    return importlib.import_module(package_name)


def _caller(frame: FrameType | None) -> ModuleType:
    """The module that called the function of this frame."""
    assert frame is not None and frame.f_back is not None
    module = inspect.getmodule(frame.f_back)
    if module is None:
        raise LoadError("the calling module is unknown", fix="use load_assets_from_modules([module])")
    return module


def _gather(modules: list[ModuleType]) -> list[Loaded]:
    for module in modules:
        if not isinstance(module, ModuleType):
            raise ParameterCheckError(
                f"modules is a list of modules, not of {type(module).__name__}: {module!r}; "
                "for a name there is load_assets_from_package_name"
            )
    found: dict[int, Loaded] = {}
    homes: dict[AssetKey, tuple[str, Loaded]] = {}
    for module in modules:
        for item in _attributes(module):
            if id(item) in found:
                continue
            found[id(item)] = item
            for key in _keys(item):
                if key in homes:
                    names = sorted({homes[key][0], module.__name__})
                    raise InvalidDefinitionError(
                        f"Asset key {key.to_user_string()} is defined multiple times. "
                        f"Definitions found in modules: {', '.join(names)}.",
                        where=" and ".join(str(one.location) for one in (homes[key][1], item)),
                        fix="rename one of them, or give it a key_prefix",
                    )
                homes[key] = (module.__name__, item)
    return list(found.values())


def _attributes(module: ModuleType) -> Iterator[Loaded]:
    for value in list(vars(module).values()):
        if isinstance(value, AssetsDefinition | SourceAsset):
            yield value
        elif isinstance(value, list) and value and all(isinstance(x, AssetsDefinition | SourceAsset) for x in value):
            yield from value


def _keys(item: Loaded) -> Iterable[AssetKey]:
    return [item.key] if isinstance(item, SourceAsset) else item.keys


def _with_attributes(
    found: list[Loaded],
    group_name: str | None,
    key_prefix: CoercibleToPrefix | None,
    automation_condition: AutomationCondition | None,
) -> list[Loaded]:
    read_labels(None, None, None, None, automation_condition=automation_condition)
    if group_name is None and key_prefix is None and automation_condition is None:
        return found
    assets = [item for item in found if isinstance(item, AssetsDefinition)]
    if group_name is not None:
        check_group(group_name)
        taken = {key: group for item in assets for key, group in item.group_names_by_key.items()}
        clash = sorted(key.to_user_string() for key, group in taken.items() if group != DEFAULT_GROUP)
        if clash:
            raise InvalidDefinitionError(
                f"Group name already exists on assets {', '.join(clash)}",
                fix="remove group_name there, or load them without one",
            )
    prefix = read_prefix(key_prefix)
    renamed = {key: AssetKey((*prefix, *key.parts)) for item in assets for key in item.keys} if prefix else {}
    return [
        item.with_attributes(group_name=group_name, new_keys=renamed, automation_condition=automation_condition)
        if isinstance(item, AssetsDefinition)
        else item.with_attributes(group_name=group_name)
        for item in found
    ]


def _walk(package: ModuleType) -> Iterator[ModuleType]:
    if not isinstance(package, ModuleType):
        raise ParameterCheckError(f"expected a package, got {type(package).__name__}: {package!r}")
    if getattr(package, "__file__", None) is None:
        raise LoadError(
            f"the package {package.__name__} has no __init__.py, so its modules cannot be told from other folders",
            fix=f"add an empty __init__.py to {', '.join(getattr(package, '__path__', []))} and the folders below",
        )
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
        yield importlib.import_module(info.name)
