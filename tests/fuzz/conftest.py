"""How long it is fuzzed: a moment in `make test`, ten minutes in `make fuzz` (ASSETFLOW_FUZZ: examples for each)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("ASSETFLOW_FUZZ", "60"))

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES <= 100,  # what decides about a change does not depend on luck
)
settings.load_profile("fuzz")
