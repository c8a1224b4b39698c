"""A worker's way from a code reference to definitions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from assetflow.code.bundle import unpack
from assetflow.code.fingerprint import fingerprint_of
from assetflow.code.modules import load_module
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.code.store import CodeStore
from assetflow.collecting import collecting_seldom
from assetflow.definitions.bundle import Definitions
from assetflow.errors import CodeMismatchError, LoadError, SignatureError

_KEPT = 8


class CodeLoader:
    """Loads each reference once and keeps the last few.

    Args:
        signer: opens bundles.
        store: where bundles are.
        modules: names of the modules this worker was started for; a reference to another is refused.
        tell: told of each module that was loaded, and its fingerprint.
    """

    def __init__(
        self,
        signer: Signer,
        store: CodeStore,
        modules: Iterable[str] = (),
        tell: Callable[[str, str], None] | None = None,
    ) -> None:
        self._tell = tell
        self._signer = signer
        self._store = store
        self._modules = frozenset(modules)
        self._loaded: OrderedDict[CodeRef, Definitions] = OrderedDict()
        self._fingerprints: dict[str, str] = {}

    def load(self, reference: CodeRef) -> Definitions:
        """The definitions the reference names.

        Raises:
            SignatureError: the module is not among those this worker serves, or the bundle is forged.
            LoadError: the code does not load, or the bundle is gone.
            CodeMismatchError: the module is not what it was when the run was planned.
        """
        if reference in self._loaded:
            self._loaded.move_to_end(reference)
            return self._loaded[reference]
        definitions = self._module(reference) if reference.module else self._bundle(reference)
        self._loaded[reference] = definitions
        if len(self._loaded) > _KEPT:
            self._loaded.popitem(last=False)
        return definitions

    def _module(self, reference: CodeRef) -> Definitions:
        name = reference.module
        if name not in self._modules:
            served = ", ".join(sorted(self._modules)) or "none"
            raise SignatureError(
                f"the run asks for module {name}, but this worker was started for: {served}",
                fix=f"start it with: assetflow worker -m {name}",
            )
        definitions = load_module(name)
        # What a process has imported stays what it was, whatever becomes of the file.
        if name not in self._fingerprints:
            self._fingerprints[name] = fingerprint_of(definitions)
            if self._tell is not None:
                self._tell(name, self._fingerprints[name])
        here = self._fingerprints[name]
        if reference.fingerprint not in ("", here):
            error = CodeMismatchError(
                f"the run was planned with version {reference.fingerprint} of {name}; this worker has version {here}",
                fix="deploy the same code to all workers and start them again, or send it along: --ship-code",
            )
            error.is_old = fingerprint_of(definitions) == reference.fingerprint
            raise error
        return definitions

    @collecting_seldom()
    def _bundle(self, reference: CodeRef) -> Definitions:
        sealed = self._store.get(reference.bundle)
        if sealed is None:
            raise LoadError(
                f"the code bundle of {reference.label or 'the run'} is gone from the store",
                fix="submit the run again",
            )
        body = self._signer.open("bundle", sealed, what=f"the code bundle of {reference.label or 'the run'}")
        return unpack(body, label=reference.label or "the run")
