"""Imports point one way: floors of folders, edges that must never be, and where torch may live."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

SOURCES = sorted(
    path
    for pattern in ("*.py", "commands/**/*.py", "hw/**/*.py", "host/**/*.py", "sim/**/*.py")
    for path in ROOT.glob(pattern)
)

FLOORS = {
    "hw": (
        ("selftest",),
        ("boards",),
        ("system",),
        ("verilog", "sdram"),
        ("accelerator", "link"),
        ("latency",),
        ("fire", "array", "output"),
        ("memory", "tables"),
        ("program", "ecp5", "lib"),
    ),
    "host": (
        ("exploration", "doctor"),
        ("training", "selftest"),
        ("report", "quantization"),
        ("bitstream", "evaluate", "float_network"),
        ("compiler", "data", "golden", "onnx"),
        ("network",),
        ("files", "printable", "reading", "tools"),
    ),
}
"""What stands in `hw/` and `host/`, from the top floor down; each imports from floors below only.

`host/link` stands apart: it imports nothing of `host/`, and nothing there imports it.
"""

NEVER = {
    "hw": ("host", "sim", "commands", "cli"),
    "host": ("sim", "commands", "cli"),
    "sim": ("commands", "cli"),
    "commands": ("cli",),
    "errors": ("hw", "host", "sim", "commands", "cli"),
    "host/golden": ("host/compiler",),
    "host/quantization": ("host/compiler", "host/bitstream"),
    "host/network": ("host/quantization", "host/compiler"),
    **{
        f"hw/{core}": ("hw/boards", "hw/link", "hw/sdram")
        for core in (
            *("accelerator", "latency", "verilog", "fire", "array", "output", "memory", "tables"),
            *("program", "ecp5", "lib"),
        )
    },
}
"""Edges that must never be: what a part of the tree does not know."""

HW_PACKAGES = {"amaranth", "amaranth_boards"}
TORCH = (
    "host/data/dataset.py",
    "host/exploration/trial.py",
    "host/float_network/",
    "host/quantization/",
    "host/training/",
)


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
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def own(path: Path) -> set[str]:
    """What a file imports of the project, as paths: "hw", "hw/fire", "hw/fire/issue", ..."""
    found = set()
    for name in imports(path):
        head, *parts = name.split(".")
        if head == "fireline":
            found |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    return found


def packages(path: Path) -> set[str]:
    """The packages of others that a file imports."""
    outer = {name.split(".")[0] for name in imports(path)} - {"fireline"}
    return outer - set(sys.stdlib_module_names)


def place(path: Path) -> str:
    """A file's path without its ending."""
    return str(path.relative_to(ROOT).with_suffix(""))


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}/")


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_no_file_knows_what_it_must_not(path):
    for part, forbidden in NEVER.items():
        if within(place(path), part):
            assert not own(path) & set(forbidden)
    if within(place(path), "hw"):
        assert packages(path) <= HW_PACKAGES
    if "torch" in packages(path):
        assert f"{place(path)}.py".startswith(TORCH)


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_each_floor_imports_from_floors_below(path):
    top, _, rest = place(path).partition("/")
    room = rest.split("/")[0]
    if top not in FLOORS or room == "__init__":
        return
    if room == "link" and top == "host":
        assert all(within(name, "host/link") for name in own(path) if name.startswith("host/"))
        return
    below = {name for name in own(path) if name.startswith(f"{top}/")}
    rooms = {name.split("/")[1] for name in below} - {room}
    (floor,) = [number for number, names in enumerate(FLOORS[top]) if room in names]
    allowed = {name for names in FLOORS[top][floor + 1 :] for name in names}
    assert rooms <= allowed


def test_every_room_has_a_floor():
    for top, floors in FLOORS.items():
        rooms = {path.relative_to(ROOT / top).parts[0] for path in (ROOT / top).rglob("*.py")}
        rooms = {room.removesuffix(".py") for room in rooms} - {"__init__"}
        named = {name for names in floors for name in names} | {"link"}
        assert rooms == named, top


def test_only_the_command_line_imports_simulations():
    for path in SOURCES:
        if any(within(name, "sim") for name in own(path)):
            assert place(path).split("/")[0] in ("commands", "sim"), path
        if any(within(name, "commands") for name in own(path)):
            assert place(path).split("/")[0] in ("commands", "cli"), path


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
