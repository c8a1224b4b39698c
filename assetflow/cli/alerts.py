"""``assetflow alerts``."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, ago_text, print_json
from assetflow.cli.lazy import Group
from assetflow.cli.targets import json_option, limit_option
from assetflow.clock import seconds_text
from assetflow.errors import SettingsError
from assetflow.run_ids import new_run_id
from assetflow.runs.entries import AlertEntry
from assetflow.settings import Settings
from assetflow.wiring import current_settings, open_history, webhook_of


@click.group(cls=Group)
def alerts() -> None:
    """See who was told of runs that failed."""


@alerts.command("list")
@json_option
@limit_option("Alerts")
def list_alerts(as_json: bool, limit: int) -> None:
    """List alerts, newest first."""
    settings = current_settings()
    history = open_history(settings)
    found = [] if history is None else history.alerts.all(limit)
    if as_json:
        for alert in found:
            print_json(alert._asdict())
        return
    if not found:
        ERR.print(
            "no alerts yet" if settings.alert_url else "nobody is told of runs that fail: set alert_url", style="dim"
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("run", "failed", "alert", "tries", ""):
        table.add_column(name, no_wrap=name == "run")
    for alert in found:
        table.add_row(
            alert.run_id,
            ago_text(time.time() - alert.at),
            _standing(alert),
            str(alert.tries),
            Text(alert.error or "", style="dim"),
        )
    OUT.print(table)


@alerts.command("test")
@json_option
def test_alert(as_json: bool) -> None:
    """Send a message to the configured address, and tell what became of it."""
    settings = current_settings()
    webhook = webhook_of(settings)
    if webhook is None:
        raise _nobody(settings)
    began = time.monotonic()
    content = {
        "event": "test",
        "text": "this is a test of alerts: no run has failed",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "url": settings.base_url,
    }
    webhook.send(f"{new_run_id()}-test", content)
    took = time.monotonic() - began
    if as_json:
        print_json({"accepted": True, "receiver": webhook.title, "seconds": round(took, 3)})
        return
    signed = "signed" if settings.alert_secret else "not signed: ASSETFLOW_ALERT_SECRET is not set"
    OUT.print(Text.assemble(("✔ ", "green"), f"{webhook.title} has accepted it in {seconds_text(took)} ({signed})"))


def _standing(alert: AlertEntry) -> Text:
    if alert.sent is not None:
        return Text("sent", style="green")
    if alert.due is None:
        return Text("given up", style="red")
    return Text("is being sent" if alert.tries == 0 else "is tried again", style="yellow")


def _nobody(settings: Settings) -> SettingsError:
    return SettingsError(
        "nobody is told of runs that fail",
        where=settings.where("alert_url"),
        fix="set alert_url in assetflow.toml, or ASSETFLOW_ALERT_URL",
    )
