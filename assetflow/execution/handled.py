"""What an IO manager says of a value that it has stored: what `handle_output` returned or yielded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assetflow.errors import InvariantViolationError


def metadata_of(returned: Any, *, output: str, key: str) -> dict[str, Any]:
    """The metadata in it: of materializations, of other objects with metadata, and of dicts.

    Args:
        output: which output was stored.
        key: the resource key of the IO manager.

    Raises:
        InvariantViolationError: there is something else in it.
    """
    found: dict[str, Any] = {}
    for item in _items(returned):
        metadata = getattr(item, "metadata", item)
        if not isinstance(metadata, Mapping):
            raise InvariantViolationError(
                f"IO manager on output {output} has returned value {item!r:.80} of type {type(item)}. The return type "
                f"can only be one of AssetMaterialization, Metadata. It is the resource {key!r}.",
                fix="return nothing, or call context.add_output_metadata({...})",
            )
        found.update(metadata)
    return found


def _items(returned: Any) -> Iterator[Any]:
    several = isinstance(returned, Iterable) and not isinstance(returned, str | bytes | Mapping)
    if several and not hasattr(returned, "metadata"):
        yield from returned
    else:
        yield returned
