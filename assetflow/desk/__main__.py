"""Entry of a desk: ``python -m assetflow.desk MODULE``, or ``file:PATH`` in place of the module.

``-`` waits until it is told on a line of standard input: all that is the same for every project is loaded by then.
"""

import gc
import os
import sys

# What a child needs is loaded before it is forked.
import assetflow.distributed.dispatcher
import assetflow.stores.redis.joined
import assetflow.stores.redis.workers
import assetflow.stores.sql.history  # noqa: F401
from assetflow.code.modules import own_trace
from assetflow.daemon.code_child import files_of
from assetflow.daemon.code_host import CodeHost
from assetflow.daemon.code_jobs import Answer, Hello
from assetflow.desk.desk import Desk, project_at
from assetflow.desk.warming import warm
from assetflow.errors import AssetflowError, CheckError


def main(target: str) -> None:
    """Load the definitions, and answer until nobody asks any more."""
    if target == "-":
        target = _told()
        if not target:
            return
    try:
        project = project_at(target)
        warm(project)
        hello = Hello(files=files_of(list(sys.modules.values())))
    except (AssetflowError, CheckError) as error:
        hello = Hello(error=f"{error}{own_trace(error)}", files=files_of(list(sys.modules.values())))
        CodeHost(lambda _order: Answer(error=hello.error)).run(hello)
        return
    gc.collect()
    gc.freeze()  # pages that are shared with the children stay so
    CodeHost(Desk(project)).run(hello)


def _told() -> str:
    """The first line of standard input; what follows is left for others."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode().strip()


if __name__ == "__main__":
    main(sys.argv[1])
