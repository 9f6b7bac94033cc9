"""Where the tests find the project, and what may lie beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SHARED = ROOT.parent / "shared"
"""Weights and photographs for development; tests that need them skip when they are absent."""
