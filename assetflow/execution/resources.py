"""The resources that steps of one time slice use: opened when first needed, closed together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from assetflow.config.spec import ConfigSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.input_manager import InputManagerDefinition
from assetflow.definitions.io_manager import IOManagerDefinition, VersionedIOManager
from assetflow.definitions.plain_values import TakesPlainValues, plain_values_of
from assetflow.definitions.resource import ResourceDefinition
from assetflow.definitions.resource_opening import config_of, open_resources, opening_order
from assetflow.definitions.source_asset import SourceAsset
from assetflow.log import StepLogger, logger

_Identity = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Opened:
    """One open resource, and what there is to say of it.

    Attributes:
        value: the resource itself.
        definition: what has made it.
        needed: the resources that it requires, by key.
        config: its config, as its function got it; the fields of a configurable one as a dict.
        keeps_versions: it is an IO manager that keeps versions.
        plain: the same as one that takes plain values; None if it does not.
        of_outputs: what the run config may tell it about each output that it stores; None for nothing.
        of_inputs: likewise, about each input that it loads.
    """

    value: object
    definition: ResourceDefinition
    needed: Mapping[str, object]
    config: Any
    keeps_versions: bool
    plain: TakesPlainValues | None
    of_outputs: ConfigSpec | None
    of_inputs: ConfigSpec | None


class OpenResources:
    """Opens each resource definition once until `close`.

    Args:
        shared: definitions by key, for all assets.
        config: the ``resources`` part of the run config.
    """

    def __init__(self, shared: Mapping[str, ResourceDefinition], config: Mapping[str, Any], run_id: str) -> None:
        self._shared = shared
        self._config = config
        self._run_id = run_id
        self._stack = ExitStack()
        self._open: dict[_Identity, object] = {}
        self._found: dict[tuple[int, str], Opened] = {}

    def for_asset(
        self, asset: AssetsDefinition | SourceAsset, keys: Iterable[str], log: StepLogger
    ) -> dict[str, object]:
        """The resources under these keys; the asset's own definitions come before the shared ones."""
        return {key: self.one(asset, key, log).value for key in keys}

    def one(self, asset: AssetsDefinition | SourceAsset, key: str, log: StepLogger) -> Opened:
        """The resource under a key, with what there is to say of it."""
        own = asset.resource_defs
        place = (id(asset) if own else 0, key)
        found = self._found.get(place)
        if found is None:
            definitions = {**self._shared, **own} if own else self._shared
            identity = self._identify(definitions, key)
            if identity not in self._open:
                self._make(definitions, key, log)
            definition = definitions[key]
            needed = {name: self.one(asset, name, log).value for name in sorted(definition.required_resource_keys)}
            config = config_of(definition, key, self._config)
            shown = dict(config) if hasattr(config, "model_fields_set") else config
            value = self._open[identity]
            found = self._found[place] = Opened(
                value,
                definition,
                needed,
                shown,
                isinstance(value, VersionedIOManager),
                plain_values_of(value),
                definition.output_config if isinstance(definition, IOManagerDefinition) else None,
                definition.input_config
                if isinstance(definition, IOManagerDefinition | InputManagerDefinition)
                else None,
            )
        return found

    def _identify(self, definitions: Mapping[str, ResourceDefinition], key: str) -> _Identity:
        """What makes a resource the same as another: its definition, and those of all it requires."""
        return key, tuple(definitions[needed].identity for needed in opening_order(definitions, [key]))

    def _make(self, definitions: Mapping[str, ResourceDefinition], key: str, log: StepLogger) -> None:
        if constant := definitions[key].constant:
            self._open[self._identify(definitions, key)] = constant[0]
            return
        identities = {needed: self._identify(definitions, needed) for needed in opening_order(definitions, [key])}
        already = {needed: self._open[one] for needed, one in identities.items() if one in self._open}
        opened = self._stack.enter_context(
            open_resources(
                definitions,
                [key],
                run_id=self._run_id,
                log=log,
                config=self._config,
                already=already,
                on_failing_close=self._report,
            )
        )
        self._open.update({one: opened[needed] for needed, one in identities.items()})

    def _report(self, key: str, error: Exception) -> None:
        """What steps have made is made; a resource that does not close takes nothing of it back."""
        logger.error('run %s: the resource "%s" raised when it was closed', self._run_id, key, exc_info=error)

    def close(self) -> None:
        """Close everything that was opened, in reverse order."""
        self._found.clear()
        self._open.clear()
        self._stack.close()


class ResourcesByEnvironment:
    """The open resources of a run: those of its own environment, and of others that it reads from.

    Args:
        shared: definitions by key of an environment, by its name.
        name: of the run's own environment.
        config: the ``resources`` part of the run config.

    Attributes:
        own: those of the run's own environment.
    """

    def __init__(
        self,
        shared: Callable[[str], Mapping[str, ResourceDefinition]],
        name: str,
        config: Mapping[str, Any],
        run_id: str,
    ) -> None:
        self._shared = shared
        self._config = config
        self._run_id = run_id
        self.own = OpenResources(shared(name), config, run_id)
        self._others: dict[str, OpenResources] = {}

    def of(self, name: str) -> OpenResources:
        """Those of another environment; an empty name means the run's own."""
        if not name:
            return self.own
        if name not in self._others:
            self._others[name] = OpenResources(self._shared(name), self._config, self._run_id)
        return self._others[name]

    def close(self) -> None:
        """Close all of them."""
        for one in (*self._others.values(), self.own):
            one.close()
