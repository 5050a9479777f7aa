"""Loads the plugin where backproof is not installed; where it is, the entry point of the same name did."""

import os

# The processes of `-n` inherit it, and their NumPy and torch read it once: with a thread a core each they fight.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

pytest_plugins = ["backproof.plugin"]
