"""Entry of a process that holds users' code: ``python -m assetflow.daemon MODULE``; the daemon starts it."""

import sys

# What a child needs to start a run is loaded before it is forked.
import assetflow.distributed.dispatcher
import assetflow.stores.redis.joined
import assetflow.stores.redis.workers
import assetflow.stores.sql.history  # noqa: F401
from assetflow.daemon.code_child import CodeWork, about_all, files_of
from assetflow.daemon.code_host import CodeHost
from assetflow.daemon.code_jobs import Answer, Hello
from assetflow.errors import AssetflowError, CheckError
from assetflow.submission import project_of_module
from assetflow.wiring import connect, current_settings


def main(module: str) -> None:
    """Load a module, and do with it what is asked until nobody asks any more."""
    try:
        project = project_of_module(module)
        project.graph()
        project.definitions.check()
        hello = Hello(instigators=about_all(project.definitions), files=files_of(list(sys.modules.values())))
        work = CodeWork(project, lambda: connect(current_settings()))
    except (AssetflowError, CheckError) as error:
        hello = Hello(error=str(error), files=files_of(list(sys.modules.values())))
        CodeHost(lambda _order: Answer(error=hello.error)).run(hello)
        return
    CodeHost(work).run(hello)


if __name__ == "__main__":
    main(sys.argv[1])
