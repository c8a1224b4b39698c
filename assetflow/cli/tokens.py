"""``assetflow token``: who may use the page, and the API behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, ago_text, print_json
from assetflow.cli.lazy import Group
from assetflow.cli.targets import json_option, user_name
from assetflow.errors import InvalidInvocationError
from assetflow.local.discovery import read_note
from assetflow.stores.sql.access import SqlAccess, TokenEntry
from assetflow.wiring import current_settings, open_history

ROLES = click.Choice(["viewer", "operator", "admin"])
_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_TICKET_SECONDS = 86_400.0


@click.group("token", cls=Group)
def token() -> None:
    """Let people and programs use the page and its API: viewers look, operators run, admins do the rest."""


@token.command()
@click.argument("name")
@click.option("--role", type=ROLES, default="viewer", show_default=True, help="What it lets do.")
@click.option("--expires", default="90d", show_default=True, metavar="TIME", help="Such as 12h, 30d, 8w, or never.")
@click.option("--env", "environments", multiple=True, metavar="NAME",
              help="An environment that may be written to; may be repeated. By default all.")  # fmt: skip
@json_option
def create(name: str, role: str, expires: str, environments: tuple[str, ...], as_json: bool) -> None:
    """Make a token for NAME. It is shown now, and never again: only its hash is kept."""
    now, lasts = time.time(), _seconds(expires)
    with _access() as access:
        secret, entry = access.create_token(
            name,
            role,
            now=now,
            by=user_name(),
            expires=None if lasts is None else now + lasts,
            environments=environments,
        )
    if as_json:
        print_json({"token": secret, **_record(entry)})
        return
    OUT.print(secret)
    ERR.print(f"for {name}, {role}, {_until(entry.expires)}. In requests: Authorization: Bearer TOKEN", style="dim")


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """List the tokens there are."""
    with _access() as access:
        found = access.list_tokens()
    if as_json:
        for one in found:
            print_json(_record(one))
        return
    if not found:
        ERR.print("no tokens yet: assetflow token create NAME --role operator", style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("id", "name", "role", "environments", "made", "used", "state"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    now = time.time()
    for one in found:
        table.add_row(
            one.id,
            one.name,
            one.role,
            ", ".join(one.environments) or "all",
            f"{ago_text(now - one.created)} by {one.created_by}",
            ago_text(now - one.used) if one.used else "never",
            _state(one, now),
        )
    OUT.print(table)


@token.command()
@click.argument("token_id", metavar="ID")
def revoke(token_id: str) -> None:
    """Let the token with this ID in no more, and whoever has logged in with it."""
    with _access() as access:
        if not access.revoke_token(token_id, time.time()):
            raise InvalidInvocationError(
                f"there is no token with the id {token_id}", fix="`assetflow token list` shows the ids"
            )
    OUT.print(f"token {token_id} lets nobody in any more")


@token.command()
@click.option("--role", type=ROLES, default="admin", show_default=True, help="What it lets do.")
@click.option("--url", metavar="URL", help="Of the page; by default that of a running `assetflow dev`, or base_url.")
def link(role: str, url: str | None) -> None:
    """Print a link with which one gets in once, within a day."""
    settings = current_settings()
    note = read_note(settings.home)
    address = url or (note.page if note is not None else "") or settings.base_url
    if not address:
        raise InvalidInvocationError(
            "it is not known where the page is", fix="--url https://flows.example, or set ASSETFLOW_BASE_URL"
        )
    with _access() as access:
        ticket = access.create_ticket(user_name(), role, time.time() + _TICKET_SECONDS)
    OUT.print(f"{address.rstrip('/')}/login?ticket={ticket}")


@contextmanager
def _access() -> Iterator[SqlAccess]:
    settings = current_settings()
    history = open_history(settings, create=True)
    if history is None:
        raise InvalidInvocationError(
            "tokens are kept in the history, and none is kept here",
            where=settings.where("database_url"),
            fix="remove database_url = none",
        )
    try:
        yield history.access
    finally:
        history.close()


def _seconds(text: str) -> float | None:
    if text == "never":
        return None
    found = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if found is None or found[1].strip("0") == "":
        raise click.BadParameter(f"{text!r} is no time: write 12h, 30d, 8w, or never", param_hint="--expires")
    return int(found[1]) * _UNITS[found[2]]


def _record(one: TokenEntry) -> dict[str, object]:
    return {**one._asdict(), "environments": list(one.environments)}


def _state(one: TokenEntry, now: float) -> Text:
    if one.revoked is not None:
        return Text("revoked", style="red")
    if one.expires is not None and one.expires <= now:
        return Text("expired", style="yellow")
    return Text(_until(one.expires), style="green")


def _until(expires: float | None) -> str:
    if expires is None:
        return "for ever"
    return f"until {datetime.fromtimestamp(expires, UTC).astimezone().strftime('%Y-%m-%d %H:%M')}"
