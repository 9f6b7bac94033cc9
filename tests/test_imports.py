"""Imports point one way, torch lives in a few files, and the command line starts quickly."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

SOURCES = sorted(
    path
    for pattern in ("*.py", "commands/*.py", "hw/**/*.py", "host/**/*.py", "sim/**/*.py")
    for path in ROOT.glob(pattern)
)
FRONT_DOOR = {"cli", "commands"}
BELOW = {
    "hw": {"errors", "hw"},
    "host": {"errors", "hw", "host"},
    "sim": {"errors", "hw", "host", "sim"},
    "commands": {"errors", "hw", "host", "sim", "commands"},
}
HW_PACKAGES = {"amaranth", "amaranth_boards"}
TORCH = {
    "host/training/augment.py",
    "host/quantization/calibrate.py",
    "host/data/dataset.py",
    "host/float_network/fold.py",
    "host/float_network/squeezenet.py",
    "host/float_network/partial.py",
    "host/quantization/post_training/biases.py",
    "host/quantization/post_training/blocks.py",
    "host/quantization/post_training/descent.py",
    "host/quantization/post_training/distill.py",
    "host/quantization/post_training/equalize.py",
    "host/quantization/post_training/error_feedback.py",
    "host/quantization/post_training/fidelity.py",
    "host/quantization/post_training/output_error.py",
    "host/quantization/post_training/training.py",
    "host/quantization/post_training/views.py",
    "host/quantization/post_training/work.py",
    "host/quantization/quantize.py",
    "host/quantization/quantized_training.py",
    "host/training/train.py",
    "host/quantization/trainable_conv.py",
    "host/exploration/trial.py",
    "host/float_network/walk.py",
    "host/float_network/weights.py",
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, by their full names."""
    package = ["fireline", *path.relative_to(ROOT).parts[:-1]]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            names |= {f"{module}.{alias.name}" for alias in node.names if not node.module}
    return names


def own(names: set[str]) -> set[str]:
    """The parts of the project among them: "hw", "host", "errors", ..."""
    return {name.split(".")[1] for name in names if name.startswith("fireline.")}


def packages(names: set[str]) -> set[str]:
    """The packages of others among them."""
    outer = {name.split(".")[0] for name in names} - {"fireline"}
    return outer - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    names = imports(path)
    part = path.relative_to(ROOT).parts[0]
    if part in BELOW:
        assert own(names) <= BELOW[part]
    elif path.stem == "errors":
        assert not own(names)
    if part == "hw":
        assert packages(names) <= HW_PACKAGES
    if "torch" in packages(names):
        assert str(path.relative_to(ROOT)) in TORCH


def test_nothing_but_tests_imports_the_front_door():
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] in ("hw", "host", "sim"):
            assert not own(imports(path)) & FRONT_DOOR, path


def test_no_source_asks_the_environment_for_a_setting():
    for path in SOURCES:
        text = path.read_text()
        for asking in ("getenv", "environ[", "environ.get"):
            assert asking not in text, path


def test_nothing_is_unpickled():
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "torch.load":
                options = {option.arg: ast.unparse(option.value) for option in call.keywords}
                assert options["weights_only"] == "True", path
        assert "pickle.load" not in path.read_text(), path


@pytest.mark.parametrize("arguments", [["--help"], ["summary", "--help"], ["boards", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"""
import sys
from fireline.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code
heavy = {{"torch", "onnx", "onnxruntime", "matplotlib", "amaranth", "numpy", "cocotb"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
