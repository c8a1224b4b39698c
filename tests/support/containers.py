"""Runs the services of a compose file as what containers are: processes with a root, a network and a user of their own.

No engine and no image is needed. Each service gets a root file system that is read-only, with the folders of its image
bound into it, a process namespace in which it is number 1, the user and environment that compose.yaml says, volumes,
and no capability. All of them share one network, in which each name leads to the same loopback device. Needs root.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent

_DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True, kw_only=True)
class Image:
    """What stands in for an image.

    Attributes:
        folders: of the host, by the place where they are seen; read-only.
        environment: that the image sets.
        entrypoint: unless the service has another one.
        user: as ``uid:gid``, unless the service says so.
        folder: the working folder.
    """

    folders: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    user: str = "0:0"
    folder: str = "/"


class Container:
    """One running service, or one of its replicas."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, inside: Sequence[str]) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._inside = inside

    @property
    def pid(self) -> int:
        """Of its process number 1, as the host sees it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    @property
    def words(self) -> str:
        """All it has written."""
        return self.log.read_text(errors="replace")

    def run(self, command: Sequence[str], timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run something in it, as its user and with its environment."""
        namespaces = ["nsenter", "-t", str(self.pid), "-m", "-u", "-p", "-n", "--"]
        return subprocess.run(
            [*namespaces, *self._inside, *command], capture_output=True, text=True, timeout=timeout, check=False
        )

    def stop(self, number: signal.Signals, timeout: float) -> int:
        """Tell it to end, as the engine would, and wait; its exit code."""
        if self.process.poll() is None:
            os.kill(self.pid, number)
        return self.process.wait(timeout)


class Engine:
    """Starts and stops the services of one compose file.

    Args:
        composed: what ``docker compose config`` makes of the file.
        images: what stands in for each image, by its name without the tag.
        folder: for volumes, roots and logs.
    """

    def __init__(self, composed: Mapping[str, Any], images: Mapping[str, Image], folder: Path) -> None:
        self.services: Mapping[str, Any] = composed["services"]
        self.running: dict[str, Container] = {}
        self._configs = composed.get("configs", {})
        self._images = images
        self._folder = folder
        self._network = f"af{secrets.token_hex(4)}"
        self._started = 0

    def __enter__(self) -> Engine:
        subprocess.run(["ip", "netns", "add", self._network], check=True)
        subprocess.run(["ip", "netns", "exec", self._network, "ip", "link", "set", "lo", "up"], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        for container in self.running.values():
            container.process.kill()
            container.process.wait(10)
        subprocess.run(["ip", "netns", "delete", self._network], check=True)

    def up(self, name: str, replica: int = 1) -> Container:
        """Start a service and wait until it is healthy, after those it depends on."""
        for other, how in self.services[name].get("depends_on", {}).items():
            if f"{other}-1" not in self.running:
                needed = self.up(other)
                if how["condition"] == "service_completed_successfully":
                    assert needed.process.wait(180) == 0, needed.words
        container = self.running[f"{name}-{replica}"] = self.start(name, replica)
        if "test" in self.services[name].get("healthcheck", {}):
            healthy = wait_until(
                lambda: container.process.poll() is not None or self.is_healthy(container), timeout=180
            )
            assert healthy and container.process.poll() is None, f"{container.name}: {container.words[-3000:]}"
        return container

    def is_healthy(self, container: Container) -> bool:
        """What the health check of its service says."""
        kind, *command = self.services[container.name.rpartition("-")[0]]["healthcheck"]["test"]
        command = [_plain(part) for part in command]
        try:
            return container.run(["sh", "-c", command[0]] if kind == "CMD-SHELL" else command).returncode == 0
        except (IndexError, FileNotFoundError):  # it is not there yet, or no longer
            return False

    def restart(self, name: str, replica: int = 1) -> None:
        """Stop it as compose would, in the time it is given, and start it again."""
        service = self.services[name]
        grace = float(str(service.get("stop_grace_period", "10s")).removesuffix("s"))
        number = signal.Signals[service.get("stop_signal", "SIGTERM")]
        container = self.running.pop(f"{name}-{replica}")
        container.stop(number, grace)
        self.up(name, replica)

    @contextmanager
    def once(self, name: str, command: Sequence[str]) -> Iterator[Container]:
        """``docker compose run``: a container of the service with another command."""
        container = self.start(name, 0, command)
        try:
            yield container
        finally:
            if container.process.poll() is None:
                container.process.kill()
            container.process.wait(10)

    def start(self, name: str, replica: int = 1, command: Sequence[str] | None = None) -> Container:
        """Start one, and wait for nothing."""
        service = self.services[name]
        image = self._images[service["image"].partition(":")[0]]
        self._started += 1
        root = self._folder / "roots" / f"{name}-{replica}-{self._started}"
        root.mkdir(parents=True)
        inside = self._inside(service, image, root)
        entrypoint = service.get("entrypoint") or image.entrypoint
        words = [*entrypoint, *(command or service.get("command", ()))]
        script = "\n".join(
            [*self._mounts(service, image, root), f"hostname {name}-{replica}", "exec " + _shell(inside, words)]
        )
        log = self._folder / f"{name}-{replica}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self._network, "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child",
                 "--propagation", "private", "bash", "-euc", script],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=die_with_parent,
            )  # fmt: skip
        return Container(f"{name}-{replica}", process, log, inside)

    def _inside(self, service: Mapping[str, Any], image: Image, root: Path) -> list[str]:
        """What begins a command in the container's root, as its user."""
        uid, gid = (service.get("user") or image.user).split(":")
        environment = {"PATH": "/usr/bin:/bin", **image.environment, **(service.get("environment") or {})}
        as_user = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs",
                   "--bounding-set=-all", "--inh-caps=-all"]  # fmt: skip
        variables = [f"{name}={value}" for name, value in environment.items() if value is not None]
        return ["chroot", str(root), *as_user, "env", "-i", "-C", image.folder, *variables]

    def _mounts(self, service: Mapping[str, Any], image: Image, root: Path) -> Iterator[str]:
        """Lines of a script that make the root file system."""
        yield f"mount -t tmpfs -o size=8m,mode=755 tmpfs {root}"
        yield f"cd {root} && mkdir -p usr etc proc sys dev/shm run tmp var"
        for name in ("bin", "sbin", "lib", "lib64"):
            yield f"ln -s usr/{name} {name}" if Path(f"/{name}").is_symlink() else _bind(f"/{name}", name)
        yield _bind("/usr", "usr")
        interpreter = Path(sys.base_prefix)
        if not interpreter.is_relative_to("/usr"):
            yield _bind(str(interpreter), str(interpreter).lstrip("/"))
        yield "mount -t proc proc proc; mount --rbind /sys sys; mount -t tmpfs -o mode=1777 tmpfs dev/shm"
        for name in _DEVICES:
            yield f"touch dev/{name}; mount --bind /dev/{name} dev/{name}"
        yield "ln -s /proc/self/fd dev/fd; cp -r /etc/ld.so.cache /etc/nsswitch.conf /etc/ssl etc/"
        uid, gid = (service.get("user") or image.user).split(":")
        yield f"echo 'root:x:0:0:::' > etc/passwd; [ {uid} = 0 ] || echo 'service:x:{uid}:{gid}::/tmp:' >> etc/passwd"
        yield f"echo '127.0.0.1 localhost {' '.join(self.services)}' > etc/hosts"
        for place, source in image.folders.items():
            yield _bind(str(source), place.lstrip("/"))
        for config in service.get("configs", ()):
            place, source = str(config["target"]).lstrip("/"), self._configs[config["source"]]["file"]
            yield f"mkdir -p {Path(place).parent}; cp {source} {place}; chmod 644 {place}"
        for volume in service.get("volumes", ()):
            place = str(volume["target"]).lstrip("/")
            store = self._folder / "volumes" / volume["source"]
            yield f"mkdir -p {store} {place}; chown {uid}:{gid} {store}; mount --bind {store} {place}"
        for line in service.get("tmpfs", ()):
            place, _, options = line.partition(":")
            yield f"mkdir -p .{place}; mount -t tmpfs -o {options or 'mode=1777'} tmpfs .{place}"
        if service.get("read_only"):
            yield f"mount -o remount,ro {root}"


def _bind(source: str, place: str) -> str:
    place = shlex.quote(place)
    return f"mkdir -p {place}; mount --bind {shlex.quote(source)} {place}; mount -o remount,bind,ro {place}"


def _shell(inside: Sequence[str], words: Sequence[str]) -> str:
    return shlex.join([*inside, *(_plain(word) for word in words)])


def _plain(word: str) -> str:
    """Compose doubles each dollar that is not its own."""
    return word.replace("$$", "$")
