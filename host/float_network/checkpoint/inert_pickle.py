"""Reads pickles as data: nothing is imported, and no function of the file is called.

A pickle is a program for a stack machine (`pickletools` documents its instructions). Here, the
instructions that import or call anything only note what they name: a class or function becomes a
`Named`, its result a `Made`. So a file may hold objects of any class, and its tensors can be read.
"""

import io
import pickletools
import warnings
from dataclasses import dataclass, field

MAXIMUM_BYTES = 1 << 22
"""Greatest size of a pickle; the tensors' values lie outside of it."""
DICTIONARIES = ("OrderedDict", "defaultdict", "dict", "Counter")
"""Classes whose items are kept in order, as in a dictionary."""
NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
TEXTS = (
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
)  # fmt: skip
CONSTANTS = frozenset((*NUMBERS, *TEXTS))
VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PUTS = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")
GETS = ("GET", "BINGET", "LONG_BINGET")
NOTHING = ("PROTO", "FRAME", "READONLY_BUFFER")
"""Instructions without effect here."""


@dataclass(frozen=True)
class Named:
    """A class or function that the pickle names."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Made:
    """What a call would have returned."""

    what: object  # a Named, or any other object in a damaged file
    arguments: tuple[object, ...]
    state: object = None  # as given to __setstate__, or the instance's dictionary
    items: dict[object, object] = field(default_factory=dict)  # of a class that is a mapping


@dataclass(frozen=True, eq=False)
class Persistent:
    """An object outside of the pickle, such as a tensor's values, with what identifies it."""

    identity: object


@dataclass(frozen=True, eq=False)
class Pickle:
    """The object of a pickle."""

    root: object
    length: int  # bytes of the pickle
    outside: tuple[Persistent, ...]  # in the order in which the pickle names them


def read_pickle(data: bytes) -> Pickle:
    """The object of the pickle with which the data begins.

    Containers keep their order; a set becomes a list; of a dictionary, only items whose keys are
    strings or integers are kept. Raises ValueError for damaged data.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pickletools warns of odd escapes in names
        return _read(data)


def _read(data: bytes) -> Pickle:
    machine = _Machine()
    try:
        for instruction, argument, position in pickletools.genops(io.BytesIO(data)):
            if instruction.name == "STOP":
                return Pickle(machine.stack[-1], (position or 0) + 1, tuple(machine.outside))
            machine.execute(instruction.name, argument)
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("a damaged pickle") from error
    raise ValueError("a pickle without an end")


class _Machine:
    """The stack, what lies under each mark on it, and the memo."""

    def __init__(self) -> None:
        self.stack: list = []
        self.below: list[list] = []  # a mark begins a new stack
        self.memo: dict[int, object] = {}
        self.outside: list[Persistent] = []

    def execute(self, name: str, argument) -> None:
        """Executes an instruction; errors of any kind mean that the data is damaged."""
        stack = self.stack
        match name:
            case _ if name in CONSTANTS:
                stack.append(argument)
            case _ if name in VALUES:
                stack.append(VALUES[name])
            case _ if name in PUTS:
                self.memo[len(self.memo) if name == "MEMOIZE" else int(argument)] = stack[-1]
            case _ if name in GETS:
                stack.append(self.memo[int(argument)])
            case _ if name in NOTHING:
                pass
            case "MARK":
                self.below.append(stack)
                self.stack = []
            case "POP" if stack:
                stack.pop()
            case "POP" | "POP_MARK":
                self._operands()
            case "DUP":
                stack.append(stack[-1])
            case "EMPTY_LIST" | "EMPTY_SET":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "LIST" | "FROZENSET":
                self._push(self._operands())
            case "TUPLE":
                self._push(tuple(self._operands()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "DICT":
                items = self._operands()
                self._push({})
                self._set(items)
            case "APPEND" | "APPENDS" | "ADDITEMS":
                values = [stack.pop()] if name == "APPEND" else self._operands()
                if isinstance(self.stack[-1], list):
                    self.stack[-1].extend(values)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self._set([key, value])
            case "SETITEMS":
                self._set(self._operands())
            case _:
                self._object(name, argument)

    def _object(self, name: str, argument) -> None:
        """Instructions that would import or call something."""
        stack = self.stack
        match name:
            case "GLOBAL":
                stack.append(Named(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                stack.append(Named(str(module), str(attribute)))
            case "EXT1" | "EXT2" | "EXT4":
                stack.append(Named("extension", str(argument)))
            case "REDUCE" | "NEWOBJ":
                arguments, what = stack.pop(), stack.pop()
                stack.append(_made(what, arguments))
            case "NEWOBJ_EX":
                _, arguments, what = stack.pop(), stack.pop(), stack.pop()
                stack.append(_made(what, arguments))
            case "INST" | "OBJ":
                operands = self._operands()
                what = Named(*argument.split(" ", 1)) if name == "INST" else operands.pop(0)
                self._push(_made(what, tuple(operands)))
            case "BUILD":
                state = stack.pop()
                if isinstance(stack[-1], Made):
                    stack[-1].state = state
            case "PERSID" | "BINPERSID":
                self.outside.append(Persistent(argument if name == "PERSID" else stack.pop()))
                stack.append(self.outside[-1])
            case _:
                raise ValueError(f"the instruction {name} is unknown")

    def _push(self, value: object) -> None:
        self.stack.append(value)

    def _operands(self) -> list:
        """Takes everything off the stack down to the last mark."""
        operands, self.stack = self.stack, self.below.pop()
        return operands

    def _set(self, items: list) -> None:
        """Sets keys and values, one after the other, in the object on top of the stack."""
        top = self.stack[-1]
        target = top.items if isinstance(top, Made) else top
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if isinstance(key, str | int):
                    target[key] = value


def _made(what: object, arguments: object) -> object:
    """The result of a call; that of a dictionary's class is a dictionary."""
    if not isinstance(arguments, tuple):
        raise ValueError("a call without arguments")
    if isinstance(what, Named) and what.name in DICTIONARIES:
        pairs = arguments[0] if arguments and isinstance(arguments[0], list) else []
        return {pair[0]: pair[1] for pair in pairs if isinstance(pair[0], str | int)}
    return Made(what, arguments)
