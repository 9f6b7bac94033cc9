"""Pickles become data, whatever they hold; nothing in them is executed."""

import argparse
import contextlib
import io
import os
import pickle
from collections import OrderedDict, defaultdict

import pytest
from fireline.host.float_network.checkpoint.inert_pickle import Made, Named, read_pickle
from hypothesis import given, settings
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    SCALARS | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@settings(deadline=None, max_examples=50)
@given(value=DATA, protocol=st.integers(0, 5))
def test_data_is_read_as_pickle_reads_it(value, protocol):
    written = pickle.dumps(value, protocol)
    read = read_pickle(written + b"more")
    assert read.length == len(written)
    if protocol > 2:  # before, bytes are a call
        assert read.root == value


@pytest.mark.parametrize("protocol", range(6))
def test_containers(protocol):
    shared = [1]
    value = {
        "tuple": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "ordered": OrderedDict(b=shared, a=shared),
        "default": defaultdict(list, x=1),
        "flags": [True, False, None, 1 << 70, -1.5],
    }
    root = read_pickle(pickle.dumps(value, protocol)).root
    assert root == value and list(root["ordered"]) == ["b", "a"]
    assert root["ordered"]["a"] is root["ordered"]["b"]


class OldOrderedDict(OrderedDict):
    """Python 2 wrote the items as an argument."""

    def __reduce__(self):
        return OrderedDict, ([list(pair) for pair in self.items()],)


def test_dictionaries_of_python_2():
    assert read_pickle(pickle.dumps(OldOrderedDict(b=1, a=2), 2)).root == {"b": 1, "a": 2}


class Trainer:
    def __init__(self):
        self.epoch = 3


class Table(dict):
    """A dictionary with attributes."""


@pytest.mark.parametrize("protocol", range(2, 6))  # torch's; before, an object is a call
def test_objects(protocol):
    table = Table(a=1)
    table.note = "x"
    value = {"trainer": Trainer(), "options": argparse.Namespace(lr=0.1), "table": table}
    root = read_pickle(pickle.dumps(value, protocol)).root
    assert all(isinstance(each, Made) for each in root.values())
    assert root["trainer"].state == {"epoch": 3} and root["options"].state == {"lr": 0.1}
    assert root["table"].items == {"a": 1} and root["table"].state == {"note": "x"}


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_executed(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (made,) = read_pickle(pickle.dumps([Evil()], protocol)).root
    assert made.what == Named(os.system.__module__, "system")
    assert made.arguments == ("touch executed",)
    assert not list(tmp_path.iterdir())


def test_persistent_objects():
    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", obj.name) if isinstance(obj, io.FileIO) else None

    target = io.BytesIO()
    with open(os.devnull, "rb", buffering=0) as file:
        Pickler(target, 2).dump([file])
    read = read_pickle(target.getvalue())
    assert read.root == list(read.outside)
    assert read.outside[0].identity == ("storage", os.devnull)


@pytest.mark.parametrize(
    "data",
    [
        b"", b".", b"N", b"}.}", b"0.", b"t.", b"s.", b"e.", b"2.", b"R.", b"h\x05.", b"NNR.",
        b"\x80\x04\x8c\x05ab.", b"ca\\\xd8\nb\n.", b"(" * 1000 + b".", b"]N\x93.",
    ],
)  # fmt: skip
def test_damaged(data):
    if data in (b"}.}", b"]N\x93."):
        read_pickle(data)
    else:
        with pytest.raises(ValueError):
            read_pickle(data)


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(ValueError):
        read_pickle(b"\x80\x02" + data + b".")
