"""How much the property tests try: a fixed subset, or the stated counts under `make proof`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A deadline would judge the machine, not the code. Derandomised: a red run is red again.
settings.register_profile(
    "subset",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "proof",
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("proof" if os.environ.get("POSTURE_PROOF") == "1" else "subset")
