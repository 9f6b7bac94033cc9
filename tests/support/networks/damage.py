"""Files as an adversary writes them: valid ones with structured damage, or bytes out of place."""

import json

from hypothesis import strategies as st

NASTY = (
    *(
        None,
        True,
        0,
        -1,
        2,
        10**19,
        -(2**63),
        10**400,
        0.5,
        -0.0,
        1e308,
        float("nan"),
        float("inf"),
    ),
    *("", "0", "x" * 5000, "\ud800", "\x1b[2J", "two\nlines", "../../etc", "[red]", "{0}", "\0"),
    *([], {}, [[]], {"": 0}, [1e308] * 9, json.loads("[" * 40 + "]" * 40)),
)
"""Values that no format has where they are put."""

INSERTS = (b"\xff", b"\0", b"\xef\xbb\xbf", b"1" * 5000, b"[" * 5000, b'"', b"\n", b",", b"e999")


def _places(value: object) -> list[tuple]:
    """The paths to everything inside a value of tables and lists."""
    match value:
        case dict():
            items = list(value.items())
        case list():
            items = list(enumerate(value))
        case _:
            return []
    return [path for key, item in items for path in ((key,), *((key, *p) for p in _places(item)))]


@st.composite
def damaged_values(draw: st.DrawFn, value: object) -> object:
    """A copy of tables and lists in which one to three things are replaced, removed or added."""
    for _ in range(draw(st.integers(1, 3))):
        places = _places(value)
        if not places:
            break
        path = draw(st.sampled_from(places))
        nasty = draw(st.sampled_from(NASTY))
        how = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        value = _changed(value, path, how, nasty)
    return value


def _changed(value, path, how, nasty):
    """A copy of the value with a change at a path."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    key, *inner = path
    if inner:
        copy[key] = _changed(copy[key], inner, how, nasty)
    elif how == "replace":
        copy[key] = nasty
    elif how == "remove":
        del copy[key]
    elif isinstance(copy, dict):
        copy["more"] = nasty
    else:
        copy.insert(key, nasty)
    return copy


@st.composite
def damaged_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with one to three cuts, flips, repetitions or insertions."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "flip", "drop", "repeat", "insert"])):
            case "cut":
                data = data[:place]
            case "flip":
                data = data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
            case "drop":
                data = data[:place] + data[place + draw(st.integers(1, 9)) :]
            case "repeat":
                data = data[:place] + data[max(0, place - draw(st.integers(1, 99))) :]
            case "insert":
                data = data[:place] + draw(st.sampled_from(INSERTS)) + data[place:]
    return data


def json_files(value: object) -> st.SearchStrategy[bytes]:
    """Damaged JSON files, and the intact one."""
    text = json.dumps(value).encode()
    return st.one_of(
        damaged_values(value).map(lambda damaged: json.dumps(damaged).encode()),
        damaged_bytes(text),
        st.just(text),
    )


def toml_files(table: dict) -> st.SearchStrategy[bytes]:
    """Damaged TOML files, and the intact one."""
    text = to_toml(table).encode()
    return st.one_of(
        damaged_values(table).map(lambda damaged: to_toml(damaged).encode(errors="surrogatepass")),
        damaged_bytes(text),
        st.just(text),
    )


def to_toml(table: dict) -> str:
    """A table as a TOML file."""
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in table.items())


def _inline(value: object) -> str:
    match value:
        case dict():
            items = (f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case str():
            return json.dumps(value)
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case _:
            return repr(value)
