"""Benchmarks: `make bench` prints every figure beside its anchor, measured in the same run.

The machines are noisy, so ratios count and no test asserts a time.
"""
