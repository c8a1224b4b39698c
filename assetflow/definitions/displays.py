"""How definitions look in a notebook."""

from __future__ import annotations

from collections.abc import Iterable

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.source_asset import SourceAsset
from assetflow.markup import Markup, block, code, line, quiet, table

_MOST_ROWS = 200
_LONGEST = 100


def definitions_display(
    assets: Iterable[AssetsDefinition], sources: Iterable[SourceAsset], jobs: Iterable[str], resources: Iterable[str]
) -> Markup:
    """All assets, each with what it needs and what is said of it."""
    rows = [row for asset in assets for row in _rows(asset)]
    there = list(sources)
    rows += [
        (code(source.key.to_user_string()), quiet("made elsewhere"), "", _first(source.description)) for source in there
    ]
    names = (("jobs", sorted(jobs)), ("resources", sorted(resources)))
    return block(
        line("definitions", quiet(f"assets: {len(rows) - len(there):,}, sources: {len(there):,}")),
        table(("asset", "group", "needs", ""), rows[:_MOST_ROWS]),
        quiet(f"and {len(rows) - _MOST_ROWS:,} more") if len(rows) > _MOST_ROWS else "",
        *(line(quiet(title), ", ".join(found)) for title, found in names if found),
    )


def _rows(asset: AssetsDefinition) -> list[tuple[object, object, object, object]]:
    deps, texts = asset.asset_deps, asset.descriptions_by_key
    return [
        (
            code(key.to_user_string()),
            asset.group_names_by_key[key],
            ", ".join(sorted(dep.to_user_string() for dep in deps.get(key, ()))),
            _first(texts.get(key)),
        )
        for key in asset.keys_by_output_name.values()
    ]


def _first(text: str | None) -> Markup:
    found = (text or "").strip().partition("\n")[0]
    return quiet(found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…")
