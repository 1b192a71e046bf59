"""Walk a pickle without running it: what it calls, with what, and of which kind the results are.

PyTorch's weights-only reader calls what it holds for safe, whatever the arguments; some of that
fills the memory from a file of 33 bytes. So a file is walked first. Nothing here makes what a
pickle names: a global stays a name, and what a call would give is a mark of that name.
"""

import _compat_pickle
import mmap
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from repro.checkpoints.opcodes import OPCODES, Buffer, Read

LONGEST = 256 * 2**20
"""bytes of a pickle that is walked; tensors lie outside of it"""

DATA_MODULES = {
    *("argparse", "array", "collections", "copyreg", "datetime", "decimal", "enum", "fractions"),
    *("numbers", "pathlib", "random", "string", "typing", "uuid", "zoneinfo"),
}
"""of the standard library: what they make is data"""
DATA_NAMES = {
    *("builtins.bool", "builtins.bytes", "builtins.complex", "builtins.dict", "builtins.float"),
    *("builtins.frozenset", "builtins.int", "builtins.list", "builtins.object", "builtins.range"),
    *("builtins.set", "builtins.slice", "builtins.str", "builtins.tuple"),
    *("builtins.getattr", "functools.partial", "logging.getLogger", "operator.itemgetter"),
    *("re._compile", "time.struct_time", "types.SimpleNamespace"),
}
"""single names of the standard library that mean data, where trainers save their settings"""
COPYING = {"builtins.set", "collections.Counter", "collections.OrderedDict", "torch.Size"}
"""what copies the entries of what it gets"""
DEVICE_COPIES = "torch._utils._rebuild_device_tensor_from_"
MOST_STEPS = 2**21
"""opcodes of a pickle; each makes at most an empty dictionary, of some 64 bytes"""
DEEPEST = 1000
"""marks within each other"""
COPIES = 2**20
"""entries and letters that calls may copy, beside four for each byte of the pickle"""


@dataclass(frozen=True, slots=True)
class Global:
    """Something a pickle names, as `torch._utils._rebuild_tensor_v2`."""

    name: str


@dataclass(eq=False, slots=True)
class CallResult:
    """What a pickle would have made by calling something."""

    maker: str
    size: int = 0
    """how many entries or letters it has, as far as they count"""


@dataclass(slots=True)
class Walk:
    """What was seen in a pickle."""

    named: set[str] = field(default_factory=set)
    """every global"""
    mappings: set[str] = field(default_factory=set)
    """globals whose results are filled with keys and values"""
    lists: set[str] = field(default_factory=set)
    """globals whose results are appended to"""
    refused: str = ""
    """the first global that is called as no checkpoint of weights needs"""
    values: int = 0
    """of the largest storage that is claimed"""
    result: object = None
    """what the pickle stands for: numbers and texts as they are, the rest as marks"""


class BrokenPickleError(ValueError):
    """A pickle that does not hold together."""


def walk(file: IO[bytes], longest: int = LONGEST) -> Walk:
    """Walk one pickle from where a file stands to its end; BrokenPickleError where it has none."""
    machine, begun = _Machine(), file.tell()
    content, start = _content(file, begun, longest)
    place = start
    try:
        for _ in range(MOST_STEPS):
            step, read = TABLE[content[place]]
            argument, place = (None, place + 1) if read is None else read(content, place + 1)
            if step is None:
                machine.seen.result = machine.stack.pop()
                break
            step(machine, argument)
            if machine.seen.refused:
                break
            walked = place - start
            if walked > longest or machine.copied > COPIES + 4 * walked:
                raise BrokenPickleError("its pickle asks for more memory than it has bytes")
        else:
            raise BrokenPickleError(f"its pickle has more than {MOST_STEPS:,} steps")
    except (IndexError, struct.error) as error:
        raise BrokenPickleError("it ends early") from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise BrokenPickleError(str(error)) from error
    file.seek(begun + place - start)
    return machine.seen


def _content(file: IO[bytes], begun: int, longest: int) -> tuple[Buffer, int]:
    """The bytes of a pickle and where it begins in them; of a file on a disk none are copied."""
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), begun
    except (OSError, ValueError):  # it lies in memory
        return file.read(longest + 1), 0


class _Machine:
    """The stack of a pickle, with marks in the place of what calls would give."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.marked: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.seen = Walk()
        self.copied = 0

    def since_mark(self) -> list[object]:
        """What was put on the stack since the last mark."""
        items, self.stack = self.stack, self.marked.pop()
        return items

    def mark(self) -> None:
        """Begin to gather."""
        if len(self.marked) >= DEEPEST:
            raise BrokenPickleError("its parts lie too deep in each other")
        self.marked.append(self.stack)
        self.stack = []

    def group(self, count: int | None, kind: Callable[[list[object]], object] = tuple) -> None:
        """Put the last values together: so many, or all since the mark."""
        if count is None:
            items = self.since_mark()
        elif len(self.stack) < count:
            raise BrokenPickleError("it takes what is not there")
        else:
            items = self.stack[-count:]
            del self.stack[-count:]
        self.stack.append(kind(items))

    def keep(self, place: int | None) -> None:
        """Remember the last value."""
        self.memo[len(self.memo) if place is None else place] = self.stack[-1]

    def name(self, module: str, name: str) -> None:
        """Put a global on the stack, under the name that it has in Python 3."""
        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        self.seen.named.add(f"{module}.{name}")
        self.stack.append(Global(f"{module}.{name}"))

    def call(self, args: object, maker: object) -> None:
        """Put a mark of what a call gives on the stack, or refuse the call."""
        if not isinstance(maker, Global) or not isinstance(args, tuple):
            raise BrokenPickleError("it calls what is no global")
        if maker.name in COPYING and args and isinstance(args[0], list | tuple):
            self.hashed(list(args[0]))
        size = sum(map(_size, args))
        self.copied += size
        if not is_harmless(maker.name, args):
            self.seen.refused = maker.name
        self.stack.append(CallResult(maker.name, size))

    def fill(self, targets: set[str], items: list[object]) -> None:
        """Note that the last value is filled."""
        target = self.stack[-1]
        if isinstance(target, CallResult):
            targets.add(target.maker)
            target.size += len(items)
        elif isinstance(target, list):
            target += items

    def hashed(self, keys: list[object]) -> None:
        """Note keys or entries of a set; tuples in tuples may take for ever to be hashed."""
        for key in keys:
            if isinstance(key, tuple):
                self.copied += len(key)
                if any(isinstance(part, tuple) for part in key):
                    raise BrokenPickleError("a key of it is made of tuples in tuples")

    def build(self) -> None:
        """Take a state from the stack, which some object would have been given."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, CallResult) and isinstance(state, tuple):
            target.size += sum(map(_size, state))


def _size(value: object) -> int:
    if isinstance(value, CallResult):
        return value.size
    return len(value) if isinstance(value, list | tuple | str | bytes | bytearray) else 0


def is_harmless(name: str, args: tuple[object, ...]) -> bool:
    """Whether a call is of a kind that checkpoints need, in a form that allocates nothing large."""
    if name in FORMS:
        return FORMS[name](args)
    if name in COPYING:
        kinds = [isinstance(one, list | tuple | str) or _is_made(one, *COPYING) for one in args]
        return len(args) <= 1 and all(kinds)
    module, _, last = name.rpartition(".")
    top = name.partition(".")[0]
    if top == "torch":  # tensors and storages are rebuilt from saved data, not made of a size
        makes = module == "torch.storage" or last.endswith(("Tensor", "Storage"))
        return not makes and not name.startswith(DEVICE_COPIES)
    return name in DATA_NAMES or top in DATA_MODULES or top not in sys.stdlib_module_names


def _is_made(value: object, *makers: str) -> bool:
    return isinstance(value, CallResult) and value.maker in makers


def _are_bytes(args: tuple[object, ...]) -> bool:
    return not args or isinstance(args[0], bytes) or _is_made(args[0], "_codecs.encode")


def _is_latin1(args: tuple[object, ...]) -> bool:
    """Other codecs multiply what they get, again and again."""
    return len(args) == 2 and isinstance(args[0], str) and args[1] == "latin1"


def _is_empty_array(args: tuple[object, ...]) -> bool:
    return len(args) == 3 and args[0] == Global("numpy.ndarray") and args[1] == (0,)


def _is_rebuilt(args: tuple[object, ...]) -> bool:
    maker, inner = (args[0], args[2]) if len(args) == 4 else (None, None)
    return (
        isinstance(maker, Global)
        and isinstance(inner, tuple)
        and maker.name.startswith("torch._utils._rebuild_")
        and is_harmless(maker.name, inner)
    )


FORMS: Mapping[str, Callable[[tuple[object, ...]], bool]] = {
    "builtins.bytearray": _are_bytes,
    "_codecs.encode": _is_latin1,
    "numpy.ndarray": lambda args: False,
    "numpy.core.multiarray._reconstruct": _is_empty_array,
    "numpy._core.multiarray._reconstruct": _is_empty_array,
    "torch._tensor._rebuild_from_type_v2": _is_rebuilt,
}
"""call -> whether its arguments are as saved files have them"""


def _pair(machine: _Machine, argument: object) -> None:
    module, _, name = str(argument).partition(" ")
    machine.name(module, name)


def _stacked(machine: _Machine, argument: object) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.name(str(module), str(name))


def _made_of_marked(machine: _Machine, argument: object) -> None:
    maker, *args = machine.since_mark()
    machine.call(tuple(args), maker)


def _instance(machine: _Machine, argument: object) -> None:
    _pair(machine, argument)
    maker = machine.stack.pop()
    machine.call(tuple(machine.since_mark()), maker)


def _made_with_names(machine: _Machine, argument: object) -> None:
    machine.stack.pop()
    machine.call(machine.stack.pop(), machine.stack.pop())


def _storage(machine: _Machine, argument: object) -> None:
    kept = machine.stack.pop()
    if isinstance(kept, tuple) and kept[:1] == ("module",) and isinstance(kept[1], Global):
        machine.seen.refused = kept[1].name  # a class with its code, in files of the older kind
    if isinstance(kept, tuple) and len(kept) > 4 and isinstance(kept[4], int):
        machine.seen.values = max(machine.seen.values, kept[4])
    machine.stack.append(CallResult("storage"))


def _number(argument: object) -> int:
    return int(str(argument))


Step = Callable[[_Machine, object], object]
"""of an opcode with its argument"""
CONSTANTS: Mapping[str, Callable[[], object]] = {  # of a dictionary and a set the size counts
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": list,
    "EMPTY_SET": list,
}
VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BYTEARRAY8"),
}
STEPS: Mapping[str, Step] = {
    "MARK": lambda machine, _: machine.mark(),
    "POP": lambda machine, _: machine.stack.pop(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.group(None),
    "TUPLE1": lambda machine, _: machine.group(1),
    "TUPLE2": lambda machine, _: machine.group(2),
    "TUPLE3": lambda machine, _: machine.group(3),
    "LIST": lambda machine, _: machine.group(None, list),
    "DICT": lambda machine, _: machine.group(None, list),
    "FROZENSET": lambda machine, argument: _frozen(machine, argument),
    "PUT": lambda machine, place: machine.keep(_number(place)),
    "BINPUT": lambda machine, place: machine.keep(_number(place)),
    "LONG_BINPUT": lambda machine, place: machine.keep(_number(place)),
    "MEMOIZE": lambda machine, _: machine.keep(None),
    "GET": lambda machine, place: machine.stack.append(machine.memo[_number(place)]),
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[_number(place)]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[_number(place)]),
    "APPEND": lambda machine, _: machine.fill(machine.seen.lists, [machine.stack.pop()]),
    "APPENDS": lambda machine, _: _filled(machine, machine.seen.lists),
    "ADDITEMS": lambda machine, argument: _added(machine, argument),
    "SETITEM": lambda machine, _: _set(machine, [machine.stack.pop(-2), machine.stack.pop()]),
    "SETITEMS": lambda machine, _: _set(machine, machine.since_mark()),
    "GLOBAL": _pair,
    "STACK_GLOBAL": _stacked,
    "INST": _instance,
    "OBJ": _made_of_marked,
    "REDUCE": lambda machine, _: machine.call(machine.stack.pop(), machine.stack.pop()),
    "NEWOBJ": lambda machine, _: machine.call(machine.stack.pop(), machine.stack.pop()),
    "NEWOBJ_EX": _made_with_names,
    "BUILD": lambda machine, _: machine.build(),
    "PERSID": lambda machine, _: machine.stack.append(CallResult("storage")),
    "BINPERSID": _storage,
}
"""opcode -> what it does to the stack"""


def _filled(machine: _Machine, targets: set[str]) -> None:
    machine.fill(targets, machine.since_mark())


def _set(machine: _Machine, items: list[object]) -> None:
    machine.hashed(items[::2])
    machine.fill(machine.seen.mappings, items)


def _added(machine: _Machine, argument: object) -> None:
    items = machine.since_mark()
    machine.hashed(items)
    machine.fill(set(), items)


def _frozen(machine: _Machine, argument: object) -> None:
    machine.hashed(machine.since_mark())
    machine.stack.append(CallResult("builtins.frozenset"))


def _step(name: str) -> Step | None:
    """What an opcode does to the stack; None where it ends the pickle."""
    if name in CONSTANTS:
        made = CONSTANTS[name]
        return lambda machine, _: machine.stack.append(made())
    if name in VALUES:
        return lambda machine, argument: machine.stack.append(argument)
    if name in ("PROTO", "FRAME"):
        return lambda machine, _: None
    if name == "STOP":
        return None
    return STEPS.get(name, _unread)


def _unread(machine: _Machine, argument: object) -> None:
    raise BrokenPickleError("it has an opcode that no checkpoint needs")


TABLE: list[tuple[Step | None, Read | None]] = [(_unread, None)] * 256
"""byte -> what it does, and what reads its argument"""
for _code, (_name, _read) in OPCODES.items():
    TABLE[_code] = _step(_name), _read
