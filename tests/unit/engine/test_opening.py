"""What a worker brings from one run to the next."""

from __future__ import annotations

from assetflow.code.loader import CodeLoader
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.code.store import MemoryCodeStore
from assetflow.definitions.asset import asset
from assetflow.definitions.bundle import Definitions
from assetflow.engine.launch import launch
from assetflow.engine.opening import SessionOpener
from assetflow.engine.pace import LARGEST_BATCH
from assetflow.engine.session import RunSession
from assetflow.stores.memory import MemoryRunStore
from assetflow.submission import Project, bundled, make_request


class Worker:
    """Opens runs of given code, as one process would."""

    def __init__(self) -> None:
        self.store, self.signer, self.codes = MemoryRunStore(), Signer(b"k" * 32), MemoryCodeStore()
        loader = CodeLoader(self.signer, self.codes)
        self.open = SessionOpener(self.store, self.signer, loader, lambda *_: None, lambda *_: {}, lambda *_: "")

    def session(self, name: str) -> RunSession:
        """One of a new run of the asset of this name."""

        @asset(name=name)
        def made():
            return 1

        project = Project(definitions=Definitions(assets=[made]))
        bundle, body = bundled(project)
        self.codes.put(bundle, self.signer.seal("bundle", body))
        request = make_request(project, CodeRef(bundle=bundle), None, environment="default")
        launch(self.store, self.signer, request)
        return self.open("w:1", request.run_id)


def test_another_run_of_the_same_code_begins_with_what_the_last_has_taught() -> None:
    worker = Worker()
    first = worker.session("one")
    assert first.pace.want(0.25) == 1
    first.pace.learn(0.001 * 4, 4)
    assert worker.session("one").pace.want(0.25) == LARGEST_BATCH
    assert worker.session("another").pace.want(0.25) == 1, "of other code nothing is known"
