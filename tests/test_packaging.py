"""pip installs the command, every package and the shipped network."""

import shutil
import site
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from support.paths import ROOT

NOT_SOURCES = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from a copy of the sources so that they do not change."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "sources", ignore=NOT_SOURCES)
    command = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    pip(*command, folder, folder / "sources")
    (file,) = folder.glob("*.whl")
    return file


def pip(*arguments):
    subprocess.run([sys.executable, "-m", "pip", *map(str, arguments)], check=True)


def test_the_wheel_works_in_a_fresh_environment(wheel, tmp_path):
    venv.create(tmp_path / "fresh")
    python, fireline = (tmp_path / "fresh" / "bin" / name for name in ("python", "fireline"))
    pip("--python", python, "install", "--quiet", "--no-deps", wheel)
    found = subprocess.check_output(
        [python, "-c", "import fireline, sysconfig; print(sysconfig.get_path('purelib'))"],
        text=True,
        cwd=tmp_path,
    )
    packages = Path(found.strip())
    dependencies = "\n".join(site.getsitepackages())
    (packages / "dependencies.pth").write_text(dependencies)

    run = {"cwd": tmp_path, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([fireline, "samples", "cifar10", "-o", "samples"], **run)
    assert len(list((tmp_path / "samples").glob("*.png"))) == 100
    subprocess.run([fireline, "boards"], **run)
    sources = wheel.parent / "sources"
    for pattern in ("*.py", "hw/**/*.py", "host/**/*.py", "sim/**/*.py", "sim/*.cpp"):
        for path in sources.glob(pattern):
            assert (packages / "fireline" / path.relative_to(sources)).is_file(), path
    assert not (packages / "fireline" / "tests").exists()


def test_every_dependency_has_a_comment():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    for dependency in sum(project["optional-dependencies"].values(), project["dependencies"]):
        (line,) = [line for line in text.splitlines() if f'"{dependency}"' in line]
        assert " # " in line, dependency
    assert project["requires-python"] == ">=3.11,<3.14"
