"""What CI and the hooks before a commit run: it exists, and slow tests follow what they test."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support.paths import ROOT, TESTS

TABLE = ROOT / ".ci" / "slow_tests.txt"
AUTHOR = {
    f"GIT_{who}_{what}": "nobody@example.org" if what == "EMAIL" else "nobody"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
LONG_AGO, NOW = "2026-01-01T12:00:00 +0000", "2026-01-03T12:00:00 +0000"


def table() -> list[list[str]]:
    lines = TABLE.read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def test_the_table_names_what_exists():
    for path, test in table():
        assert any(ROOT.glob(f"{path}*")), path
        assert (ROOT / test).is_file(), test


def test_every_file_with_slow_tests_is_in_the_table():
    slow = {
        str(file.relative_to(ROOT))
        for file in TESTS.rglob("test_*.py")
        if re.search(r"^@pytest\.mark\.slow|^pytestmark.*slow", file.read_text(), re.M)
    }
    assert slow == {test for _, test in table()}
    for file in slow:
        assert [file, file] in table()


class Repository:
    """A repository with the scripts of CI, and a `make` that says what it was asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        shutil.copytree(ROOT / ".ci", folder / ".ci")
        make = folder / "make"
        make.write_text('#!/bin/sh\necho "make $*"\nexit ${STATUS:-0}\n')
        make.chmod(0o755)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("README.md", LONG_AGO)

    def git(self, *arguments: str, date: str = NOW) -> None:
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        subprocess.run(
            ["git", *arguments], cwd=self.folder, env=os.environ | AUTHOR | dates, check=True
        )

    def commit(self, path: str, date: str = NOW) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("changed")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {path}", date=date)

    def slow(self, **environment: str) -> subprocess.CompletedProcess:
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [self.folder / ".ci" / "slow"],
            env=os.environ | {"PATH": path} | environment,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_change_elsewhere_runs_no_slow_test(repository):
    repository.commit("docs/testing.md")
    done = repository.slow()
    assert done.returncode == 0
    assert "left out, because nothing changed that they test" in done.stdout


def test_a_change_on_main_runs_its_slow_tests(repository):
    repository.commit("hw/link/uart.py")
    repository.commit("docs/testing.md")
    assert "make test-slow T=-x tests/commands/test_classify.py" in repository.slow().stdout


@pytest.mark.parametrize("name", ["uart.py", "übertragung.py"])
def test_a_file_that_left_a_folder_counts(repository, name):
    (repository.folder / "hw" / "link").mkdir(parents=True)
    (repository.folder / "hw" / "link" / name).write_text("a = 1\n" * 20)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--amend", "--no-edit", date=LONG_AGO)
    repository.git("mv", f"hw/link/{name}", "elsewhere.py")
    repository.git("commit", "--quiet", "--message", "move")
    assert "test_classify" in repository.slow().stdout


def test_a_branch_is_compared_with_main(repository):
    repository.commit("hw/link/uart.py")
    repository.git("switch", "--quiet", "--create", "branch")
    repository.commit("host/quantization/rounding.py")
    shown = repository.slow().stdout
    assert "make test-slow T=-x tests/host/quantization/test_quantize.py" in shown
    assert "test_classify" not in shown


def test_slow_tests_that_fail_fail(repository):
    repository.commit("hw/link/uart.py")
    assert repository.slow(STATUS="2").returncode == 2
    cut = repository.slow(STATUS="124")
    assert cut.returncode == 0 and "cut short after 30 minutes" in cut.stdout


def test_a_history_of_one_day_counts_whole(tmp_path):
    repository = Repository(tmp_path)
    repository.git("commit", "--quiet", "--amend", "--no-edit", date=NOW)
    repository.commit("sim/board.py")
    assert "test_classify" in repository.slow().stdout


def test_the_quick_folders_exist():
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    (quick,) = re.findall(r"^QUICK = (.*)$", text, re.M)
    for path in quick.split():
        assert (ROOT / path).exists(), path


def test_hooks_run_what_make_installs():
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"entry: (\S+)", text)
    assert set(entries) == {".venv/bin/ruff", ".ci/types"}
    assert os.access(ROOT / ".ci" / "types", os.X_OK)


def test_the_versions_that_make_installs_are_in_range():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = sum(project["optional-dependencies"].values(), project["dependencies"])
    for requirement in map(Requirement, named):
        if requirement.name != "fireline":
            assert requirement.specifier.contains(pinned[requirement.name]), requirement
