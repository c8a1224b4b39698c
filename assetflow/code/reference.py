"""How a run names its code."""

from __future__ import annotations

import msgspec


class CodeRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either a module that workers were started for, or a bundle in the code store.

    Attributes:
        module: dotted name of a module that holds definitions.
        bundle: sha256 of a bundle, and the id of the key it is sealed with.
        fingerprint: of a module's code, as it was when the run was planned; empty if nobody looked.
        label: what people are shown.
    """

    module: str = ""
    bundle: str = ""
    fingerprint: str = ""
    label: str = ""
