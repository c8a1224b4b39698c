"""What differs between two requests, for people. Values of config are not shown: they may be secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assetflow.engine.request import USER_TAG, RunRequest

_SHOWN = 5


def differences(before: RunRequest, now: RunRequest) -> list[str]:
    """A line for each field of the requests that is not the same."""
    lines = [
        f"{name}: {old!r} before, {new!r} now"
        for name in ("environment", "job_name", "priority", "selection", "stale_only")
        if (old := getattr(before, name)) != (new := getattr(now, name))
    ]
    for label in sorted((before.tags.keys() | now.tags.keys()) - {USER_TAG}):
        old, new = before.tags.get(label), now.tags.get(label)
        if old != new:
            lines.append(f"tags[{label!r}]: {_or_none(old)} before, {_or_none(new)} now")
    config = sorted(_paths(before.run_config, now.run_config))
    if config:
        lines.append(f"run_config: {_some(config)}")
    if before.code != now.code:
        lines.append(f"code: {_version(before)} before, {_version(now)} now")
    return lines if now.stale_only else lines + _plans(before, now)


def _plans(before: RunRequest, now: RunRequest) -> list[str]:
    old = {step.key: step for step in before.plan.steps}
    new = {step.key: step for step in now.plan.steps}
    lines = []
    if gone := sorted(old.keys() - new.keys()):
        lines.append(f"steps only before: {_some(gone)}")
    if come := sorted(new.keys() - old.keys()):
        lines.append(f"steps only now: {_some(come)}")
    if not lines and before.plan != now.plan:
        other = [key for key in sorted(old) if old[key] != new[key]]
        lines.append(f"steps that are planned in another way: {_some(other)}")
    return lines


def _paths(old: Any, new: Any, path: str = "") -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old.keys() | new.keys():
            yield from _paths(old.get(key), new.get(key), f"{path}:{key}" if path else str(key))
    elif old != new:
        yield path


def _version(request: RunRequest) -> str:
    code = request.code
    return f"{code.module or code.label} {code.fingerprint or code.bundle[:16]}".strip()


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _or_none(value: str | None) -> str:
    return "none" if value is None else repr(value)
