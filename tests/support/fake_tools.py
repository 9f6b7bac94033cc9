"""Stand-ins for the programs of others, which print a version and otherwise do as they are told."""

import os
from pathlib import Path

import pytest
from fireline.host.tools import KNOWN


class FakeTools:
    """A folder that is first on PATH."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        patch.setenv("PATH", str(folder), prepend=os.pathsep)

    def install(self, name: str, script: str = "", version: str | None = None) -> Path:
        """Puts a shell script there; its version is by default the newest that is known."""
        known = KNOWN[name]
        says = f"{name} {version or known.newest}"
        query = f'case "$1" in {known.version_option}) echo "{says}"; exit;; esac'
        return self.install_whole(name, f"#!/bin/sh\n{query}\n{script}\n")

    def install_whole(self, name: str, text: str) -> Path:
        """Puts a file there as it is, executable."""
        tool = self.folder / name
        tool.write_text(text)
        tool.chmod(0o755)
        return tool
