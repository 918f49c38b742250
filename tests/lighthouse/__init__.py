"""Lighthouse on every page of the residents; `python -m tests.lighthouse`."""
