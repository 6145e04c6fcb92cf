"""What `python -m benchmarks` runs: whole scripts of this library and of other tools, side by side."""
