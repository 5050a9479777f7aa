"""Speed against what users would pick: `python -m benchmarks`, one module for each kind of work."""
