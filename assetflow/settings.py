"""The settings of an installation: from ``assetflow.toml``, overruled by the environment."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assetflow.errors import SettingsError

FILE_NAME = "assetflow.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """A table ``[environments.NAME]`` of the file; see `Environment` for what its values mean."""

    storage: str | None = None
    reads_from: str | None = None
    protected: bool | None = None
    fsync: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set. Each is read from ``ASSETFLOW_<NAME>``, else from the file, else has its default.

    Attributes:
        home: folder of everything assetflow keeps on this machine.
        redis_url: where runs are kept; None means `assetflow dev` or an embedded cluster.
        broker_url: where Celery's messages go; None means the same server.
        signing_key: shared by clients and workers; None means a key kept in `home`.
        database_url: where history is kept; None means a SQLite file in `home`, and ``none`` that there is none.
        env: name of the environment runs are for.
        fsync: whether stored values survive a power cut.
        modules: modules whose code workers may import.
        keep_hours: how long Redis remembers an ended run; unless it is set, an hour if the run is in the history.
        grace_seconds: how long a step may clean up after it was told to stop, before its process is killed.
        drain_seconds: how long a worker that is told to end lets its steps go on, before it gives them back.
        tick_seconds: how long the function of a schedule or sensor may take in the daemon.
        cache_mb: how much of what lies further away, such as in S3, is kept on this machine too; 0 for nothing.
        environments: by name, those of the file.
        history_days: how long runs stay in the history after their end; `assetflow history gc` clears older ones away.
        retention_days: the same without being asked; 0 clears nothing away.
        log_storage: folder or ``s3://bucket/prefix`` for what steps write; by default the environment's storage.
        log_mb: how much of what a step writes is kept, head and tail; 0 leaves it in the worker's log.
        alert_url: where it is posted that a run has failed; None for nowhere.
        alert_secret: signs these messages; only from the environment.
        base_url: of the pages about runs, for links in them.
        web_hosts: names under which the web server may be asked, in addition to those of this machine and `base_url`.
        web_user_header: header in which a proxy in front of the web server says who asks; None believes none.
        web_role_header: header in which it says their role; without it they may only look.
        web_trusted_peers: addresses or networks of such proxies.
        log_format: ``text``, or ``json`` for lines that machines read, in the logs of workers and daemons.
        otel_endpoint: address of an OpenTelemetry collector (OTLP over HTTP) that traces go to; None for nowhere.
        misspelt: variables of the environment that are almost called like a setting, and of which nothing is read; with
            what may be meant.
        origin: for each setting that was set, where.
    """

    home: Path = Path(".assetflow")
    redis_url: str | None = None
    broker_url: str | None = None
    signing_key: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    env: str = "default"
    fsync: bool = False
    modules: tuple[str, ...] = ()
    keep_hours: float = 24.0
    grace_seconds: float = 10.0
    drain_seconds: float = 20.0
    tick_seconds: float = 60.0
    cache_mb: float = 1024.0
    environments: Mapping[str, EnvironmentSettings] = field(default_factory=dict)
    history_days: float = 365.0
    retention_days: float = 0.0
    log_storage: str | None = None
    log_mb: float = 10.0
    alert_url: str | None = field(default=None, repr=False)
    alert_secret: str | None = field(default=None, repr=False)
    base_url: str | None = None
    web_hosts: tuple[str, ...] = ()
    web_user_header: str | None = None
    web_role_header: str | None = None
    web_trusted_peers: tuple[str, ...] = ("127.0.0.1", "::1")
    log_format: str = "text"
    otel_endpoint: str | None = None
    misspelt: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def storage(self) -> Path:
        """Where the default IO manager keeps values."""
        return self.home / "storage"

    @property
    def history_url(self) -> str | None:
        """The address of the history; None if none is kept."""
        if self.database_url is None:
            return f"sqlite:///{self.home / 'history.db'}"
        return None if self.database_url.lower() == "none" else self.database_url

    @property
    def history_title(self) -> str:
        """The address of the history without its password."""
        head, at, place = (self.history_url or "none").rpartition("@")
        scheme, _, who = head.partition("://")
        return f"{scheme}://{who.partition(':')[0]}:***@{place}" if at else place

    def where(self, name: str) -> str:
        """Where a setting came from, for error messages."""
        return self.origin.get(name, "the default")


_NAMES = (
    *("home", "redis_url", "broker_url", "signing_key", "database_url", "env", "fsync", "modules"),
    *("keep_hours", "grace_seconds", "drain_seconds", "tick_seconds", "history_days", "cache_mb"),
    *(
        "retention_days",
        "log_storage",
        "log_mb",
        "alert_url",
        "alert_secret",
        "base_url",
        "log_format",
        "otel_endpoint",
    ),
    *("web_hosts", "web_user_header", "web_role_header", "web_trusted_peers"),
)
_OF_ENVIRONMENTS = {"storage": str, "reads_from": str, "protected": bool, "fsync": bool}
_NUMBERS = {
    "keep_hours": ("hours up to a year", 24.0 * 365),
    "grace_seconds": ("seconds up to a day", 86_400.0),
    "drain_seconds": ("seconds up to a day", 86_400.0),
    "tick_seconds": ("seconds up to an hour", 3600.0),
    "history_days": ("days up to a century", 36_525.0),
    "cache_mb": ("megabytes up to a million", 1e6),
    "retention_days": ("days up to a century", 36_525.0),
    "log_mb": ("megabytes up to a thousand", 1e3),
}
_MAY_BE_NOTHING = ("cache_mb", "log_mb", "retention_days")
_LISTS = {
    "modules": "module names",
    "web_hosts": "host names",
    "web_trusted_peers": "addresses and networks",
}
_ALMOST = 0.9  # ASSETFLOW_REDIS_PORT, which Kubernetes sets beside a service, is not almost ASSETFLOW_REDIS_URL
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def read_settings(environment: Mapping[str, str], folder: Path) -> Settings:
    """Settings for a process.

    Args:
        environment: of the process.
        folder: where ``assetflow.toml`` is looked for.

    Raises:
        SettingsError: the file is malformed, or a setting is unknown or has a value that cannot be used.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    path = folder / FILE_NAME
    content = _from_file(path)
    values["environments"] = _environments(content.pop("environments", {}), str(path))
    if "alert_secret" in content:
        raise SettingsError(
            "alert_secret is a secret, which does not belong into a file", where=str(path),
            fix="set ASSETFLOW_ALERT_SECRET where workers are started",
        )  # fmt: skip
    for name, value in content.items():
        values[name] = _read(name, value, str(path))
        origin[name] = str(path)
    for name in _NAMES:
        variable = f"ASSETFLOW_{name.upper()}"
        text = environment.get(variable, "")
        if text:
            values[name] = _read(name, text, variable)
            origin[name] = variable
    home = Path(values.get("home", folder / ".assetflow"))
    values["home"] = home if home.is_absolute() else (folder / home)
    return Settings(**values, misspelt=_misspelt(environment), origin=origin)


def _misspelt(environment: Mapping[str, str]) -> dict[str, str]:
    """Worth a warning and no error: whoever starts a process may set such variables for reasons of their own."""
    known = [f"ASSETFLOW_{name.upper()}" for name in _NAMES]
    near = {
        name: difflib.get_close_matches(name, known, 1, _ALMOST)
        for name in environment
        if name.startswith("ASSETFLOW_") and name not in known
    }
    return {name: found[0] for name, found in near.items() if found}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the settings file is not valid TOML: {error}", where=str(path), fix="correct it there, or move it away"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"the settings file cannot be read: {error.strerror}", where=str(path),
            fix="make it a file that this user can read, or move it away",
        ) from None  # fmt: skip
    _check_names(content, (*_NAMES, "environments"), "setting", str(path))
    return content


def _check_names(found: Mapping[str, Any], known: tuple[str, ...], what: str, where: str) -> None:
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise SettingsError(
                f"there is no {what} {name!r}",
                where=where,
                fix=f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}",
            )


def _environments(tables: Any, path: str) -> dict[str, EnvironmentSettings]:
    if not isinstance(tables, dict):
        raise SettingsError("environments are tables: [environments.staging]", where=path)
    found = {}
    for name, table in tables.items():
        where = f"{path}, [environments.{name}]"
        if not isinstance(table, dict):
            raise SettingsError(f"environment {name} is a table, not {table!r}", where=where)
        _check_names(table, tuple(_OF_ENVIRONMENTS), "setting of an environment", where)
        for key, value in table.items():
            kind = _OF_ENVIRONMENTS[key]
            if not isinstance(value, kind) or value == "":
                wanted = "true or false" if kind is bool else "a text"
                raise SettingsError(f"{key} is {wanted}, not {value!r}", where=where)
        found[name] = EnvironmentSettings(**table)
    return found


def _read(name: str, value: Any, where: str) -> Any:
    if name == "fsync":
        if isinstance(value, bool):
            return value
        if str(value).lower() in _TRUE + _FALSE:
            return str(value).lower() in _TRUE
        raise SettingsError(f"fsync is true or false, not {value!r}", where=where)
    if name in _NUMBERS:
        unit, largest = _NUMBERS[name]
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        if not 0 < number <= largest and not (number == 0 and name in _MAY_BE_NOTHING):
            raise SettingsError(f"{name} is a number of {unit}, not {value!r}", where=where)
        return number
    if name in _LISTS:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise SettingsError(f"{name} is a list of {_LISTS[name]}, not {value!r}", where=where)
        found = tuple(item.strip() for item in items if item.strip())
        if name == "web_trusted_peers":
            _check_networks(found, where)
        return found
    if name == "log_format":
        if value in ("text", "json"):
            return value
        raise SettingsError(f"log_format is text or json, not {value!r}", where=where)
    if name in ("alert_url", "base_url", "otel_endpoint"):
        return _address(name, value, where)
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{name} is a text, not {value!r}", where=where)
    if name == "database_url" and value.strip().lower() != "none" and "://" not in value:
        raise SettingsError(
            "database_url is not the address of a database", where=where,
            fix="write sqlite:///path/to/history.db, postgresql://user:password@host/database, or none",
        )  # fmt: skip
    return Path(value) if name == "home" else value.strip()


def _address(name: str, value: Any, where: str) -> str:
    """An address that can be posted to, or linked to; never one at which a machine tells its own credentials."""
    try:
        found = urlsplit(value if isinstance(value, str) else "")
        host, _ = found.hostname, found.port
    except ValueError:
        host = None
    if not host or found.scheme not in ("http", "https"):
        raise SettingsError(f"{name} is an address that begins with http:// or https://", where=where)
    if _is_link_local(host):
        raise SettingsError(f"{name} is an address of the machine's own surroundings ({host})", where=where)
    return str(value).strip()


def _check_networks(given: tuple[str, ...], where: str) -> None:
    for text in given:
        try:
            ip_network(text)
        except ValueError:
            raise SettingsError(
                f"web_trusted_peers: {text!r} is no address and no network", where=where, fix="such as 10.0.0.0/8"
            ) from None


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False
