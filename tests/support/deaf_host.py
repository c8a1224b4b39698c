"""A process that would hold users' code, and hears nothing: ``python -m tests.support.deaf_host``."""

from __future__ import annotations

from assetflow.clock import pause
from assetflow.daemon.code_host import CodeHost
from assetflow.daemon.code_jobs import Answer, Hello


def hear_nothing(_host: CodeHost) -> None:
    """Be there, and no more."""
    pause(60)


if __name__ == "__main__":
    host = CodeHost(lambda _order: Answer())
    host._say(Hello())
    hear_nothing(host)
