"""A digest of the code that a result comes from: any change of it shows, and nothing else does.

The code of some modules is that of every module of this project they reach by imports. Content
counts, not words: comments, docstrings and formatting do not enter, nor do the statements that
import, nor where a module lies. A name bound by an import stands for what it is bound to, so a
module may move with its users, while another one in its place shows.
"""

import ast
import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from repro import env

PACKAGES = ("repro", "zoo")
PACKAGE = "/__init__.py"

STOPS = (
    "repro",  # the version, which the record keeps beside the result
    "repro.env",  # reads versions and facts of the machine, for the record
    "repro.errors",  # end a run without a result
    "repro.models",  # knows networks outside the zoo, whose code their keys hold
    "repro.files",  # reads and writes whole files; what is in them is known by its digest
    "repro.records.lock",  # who may measure, not what
    "repro.records.fingerprint",  # names results
    "repro.records.outside_code",
    "repro.report",  # shows results
    "zoo.registry",  # a run's key holds its own entry, and the others are none of its business
)
"""Modules that cannot change a result, and all of a room that is named: neither followed nor
counted."""


def digest(data: object) -> str:
    """The sha256 of data as canonical JSON."""
    return _sha256(json.dumps(data, sort_keys=True))


@functools.cache
def fingerprint(*roots: str) -> str:
    """The digest of the code that modules, by their dotted names, can reach. None is imported."""
    return _HERE.fingerprint(*roots)


def reachable(*roots: str) -> tuple[str, ...]:
    """The modules that a fingerprint is made of, sorted."""
    return _HERE.reachable(*roots)


def _sha256(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


class Import(NamedTuple):
    """What an import statement binds to a name."""

    module: str
    name: str
    """of a thing or a submodule in it; empty if the module itself is meant"""
    bound: str
    """the name here; empty if there is none"""
    runs: bool
    """false below `if TYPE_CHECKING`"""


class Code(NamedTuple):
    """What one file says, apart from what its imports are bound to."""

    text: str
    """digest of the syntax tree, with the names bound by imports left out"""
    imports: tuple[Import, ...]
    uses: tuple[int, ...]
    """what stands where a name was left out, as places among the imports"""


class _Bound(NamedTuple):
    """What an import is bound to."""

    module: str
    """one that is followed; else empty"""
    name: str
    """of the thing in it, or of what is not followed"""
    runs: bool


class Sources:
    """The packages in one folder; each file is read once."""

    def __init__(self, root: Path, notes: Path | None = None) -> None:
        self._root = str(root)
        self.notes = CodeNotes(notes)
        self._paths: dict[str, str] = {}
        self._codes: dict[str, Code] = {}
        self._bindings: dict[str, list[_Bound]] = {}
        self._digests: dict[tuple[str, int], str] = {}

    def fingerprint(self, *roots: str) -> str:
        """The digest of the code that modules can reach; LookupError for one that is not here."""
        if lacking := [root for root in roots if root and not self._counts(root)]:
            raise LookupError(f"There is no code that counts in `{lacking[0]}`.")
        modules = [module for module in self.reachable(*roots) if self._code(module) != EMPTY]
        self.notes.write()
        named = sorted(self._digest(module) for module in modules if module in roots)
        return digest([named, sorted(self._digest(module) for module in modules)])

    def reachable(self, *roots: str) -> tuple[str, ...]:
        """The modules that roots import, themselves and the packages around them, sorted."""
        modules: set[str] = set()
        waiting = list(roots)
        while waiting:
            module = waiting.pop()
            if module not in modules and self._counts(module):
                modules.add(module)
                waiting += [bound.module for bound in self._bound(module) if bound.runs]
                waiting.append(module.rpartition(".")[0])
        return tuple(sorted(modules))

    def _digest(self, module: str, ahead: int = 2) -> str:
        """Of a module's text and of what its imports are bound to.

        It looks some imports ahead, so that modules of the same text are told apart by theirs.
        """
        code = self._code(module)
        if not ahead:
            return code.text
        if (module, ahead) not in self._digests:
            bound = self._bound(module)
            words = [f"{self._digest(to, ahead - 1) if to else ''} {name}" for to, name, _ in bound]
            every = {word for word, (*_, runs) in zip(words, bound, strict=True) if runs} - {" "}
            parts = [code.text, *(words[use] for use in code.uses), *sorted(every)]
            self._digests[module, ahead] = _sha256("\n".join(parts))
        return self._digests[module, ahead]

    def _bound(self, module: str) -> list[_Bound]:
        if module not in self._bindings:
            self._bindings[module] = list(map(self._target, self._code(module).imports))
        return self._bindings[module]

    def _target(self, imported: Import) -> _Bound:
        """What an import is bound to; a module of this project stands for what it says."""
        module, name = imported.module, imported.name
        if name and self._path(module).endswith(PACKAGE) and self._path(f"{module}.{name}"):
            module, name = f"{module}.{name}", ""
        if name and name != imported.bound:
            name += f" as {imported.bound}"  # under which others may find it here
        if not _is_own(module):
            return _Bound("", f"{module} {name}", imported.runs)
        followed = imported.runs and self._counts(module)
        return _Bound(module if followed else "", name, imported.runs)

    def _counts(self, module: str) -> bool:
        room = ".".join(module.split(".", 2)[:2])
        return module not in STOPS and room not in STOPS and bool(self._path(module))

    def _path(self, module: str) -> str:
        """A module's file; empty if it has none here."""
        if module not in self._paths:
            start = f"{self._root}/{module.replace('.', '/')}"
            files = (f"{start}.py", start + PACKAGE) if _is_own(module) else ()
            self._paths[module] = next(filter(os.path.isfile, files), "")
        return self._paths[module]

    def _code(self, module: str) -> Code:
        if module not in self._codes:
            self._codes[module] = self.notes.read(Path(self._path(module)).read_bytes())
        return self._codes[module]


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


class CodeNotes:
    """What files say, by the digest of their bytes; kept from one process to the next.

    A line each, added at the end. Without a folder, or where it cannot be used, nothing is kept.
    """

    LIMIT = 2**22  # bytes at which the notes begin anew

    def __init__(self, folder: Path | None) -> None:
        self._lines: dict[str, str] = {}
        self._new: list[str] = []
        if folder is None:
            self._path = None
            return
        reader = _sha256(Path(__file__).read_bytes())  # other code may read files differently
        self._path = folder / f"code-{reader[:16]}.txt"
        with contextlib.suppress(OSError, ValueError):
            if self._path.stat().st_size > self.LIMIT:
                self._path.unlink()
            lines = self._path.read_text(encoding="utf-8").splitlines()
            self._lines = {line[:64]: line[64:] for line in lines}

    def read(self, source: bytes) -> Code:
        """What a file of these bytes says."""
        if self._path is None:
            return read_code(source)
        key = _sha256(source)
        line = self._lines.get(key, "")
        if line and line[:64] == _sha256(line[64:]):  # noted, and not damaged
            text, imports, uses = json.loads(line[64:])
            return Code(text, tuple(Import(*fields) for fields in imports), tuple(uses))
        code = read_code(source)
        line = json.dumps(code)
        self._new.append(f"{key}{_sha256(line)}{line}\n")
        return code

    def write(self) -> None:
        """Keep what is new."""
        with contextlib.suppress(OSError):
            if self._path and self._new:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab", buffering=0) as file:  # whole, beside other writers too
                    file.write("".join(self._new).encode())
        self._new.clear()


class _Scope:
    """The names of a module, a class, a function or a comprehension."""

    def __init__(self, around: "_Scope | None", bound: Iterable[str] = (), of_class: bool = False):
        self.around: _Scope | None = around
        self.outer: _Scope | None = around.outer if around and around.of_class else around
        """where a name is looked for that is not bound here"""
        self.of_class: bool = of_class
        self.bound = set(bound)
        self.imports: dict[str, int] = {}
        """a name bound by an import -> its place among all imports"""
        self.open: list[tuple[int, str]] = []
        """names in use, here or in a scope within that does not bind them, each after its place
        among the words"""


class _Reader:
    """Writes a syntax tree as words, the same under every version of Python."""

    def __init__(self, tree: ast.Module) -> None:
        self.words: list[str] = []
        self.imports: dict[Import, int] = {}
        self.uses: list[tuple[int, int]] = []
        """places among the words, and among the imports"""
        self.scope = _Scope(None)
        self._field("body", tree.body)
        self._close()

    def _node(self, node: ast.AST) -> None:
        _SPECIAL.get(type(node), _Reader._fields)(self, node)

    def _fields(self, node: ast.AST, but: str = "") -> None:
        kind = type(node)
        self.words.append(kind.__name__)
        for name in kind._fields:
            if name not in _SILENT and name != but:
                self._field(name, getattr(node, name, None))
        self.words.append(")")

    def _field(self, name: str, value: object) -> None:
        if isinstance(value, ast.AST):
            self.words.append(name)
            self._node(value)
        elif isinstance(value, list):
            start = len(self.words)
            self.words.append(f"{name}[")
            for item in value:
                if isinstance(item, ast.AST):
                    self._node(item)
                else:
                    self.words.append(f"={item!a}")
            self.words.append("]")
            if len(self.words) == start + 2:  # nothing, or nothing but docstrings and `pass`
                del self.words[start:]
        elif value is not None:
            self.words.append(f"{name}={value!a}")

    def _name(self, node: ast.Name) -> None:
        self.scope.open.append((len(self.words), node.id))
        self.words.append(f"${node.id}")
        if not isinstance(node.ctx, ast.Load):
            self.scope.bound.add(node.id)

    def _expression(self, node: ast.Expr) -> None:
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            self._fields(node)

    def _joined(self, node: ast.JoinedStr) -> None:
        """Python 3.12 may find an empty text at its end."""
        parts = [part for part in node.values if getattr(part, "value", None) != ""]
        self._fields(ast.JoinedStr(parts))

    def _binding(self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar) -> None:
        self.scope.bound.add(node.name or "")
        self._fields(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.bound.add(node.name)
        self._lambda(node)

    def _lambda(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Decorators, defaults and annotations belong to the scope around it."""
        self._fields(node, but="body")
        parameters = (part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg))
        self.scope = _Scope(self.scope, parameters)
        self._field("body", node.body)
        self._close()

    def _class(self, node: ast.ClassDef) -> None:
        self.scope.bound.add(node.name)
        self._fields(node, but="body")
        self.scope = _Scope(self.scope, of_class=True)
        self._field("body", node.body)
        self._close()

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> None:
        """What it goes through first belongs to the scope around it."""
        first, *others = node.generators
        self._field("first", first.iter)
        self.scope = _Scope(self.scope)
        self._fields(first, but="iter")
        self._field("others", others)
        self._fields(node, but="generators")
        self._close()

    def _if(self, node: ast.If) -> None:
        """What stands below `if TYPE_CHECKING` only binds names."""
        test = node.test
        if "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", "")):
            for statement in node.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    self._import(statement, runs=False)
            self._field("orelse", node.orelse)
        else:
            self._fields(node)

    def _import(self, node: ast.Import | ast.ImportFrom, runs: bool = True) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                package = alias.name.partition(".")[0]
                self._bind(Import(package, "", "" if alias.asname else package, runs))
                self._bind(Import(alias.name, "", alias.asname or "", runs))
            elif alias.name != "TYPE_CHECKING":
                bound = alias.asname or alias.name
                self._bind(Import(node.module or "", alias.name, bound, runs))

    def _bind(self, imported: Import) -> None:
        place = self.imports.setdefault(imported, len(self.imports))
        self.scope.imports[imported.bound] = place

    def _close(self) -> None:
        """Leave a scope: what it does not bind is left open in the one around it."""
        scope = self.scope
        for place, name in scope.open:
            if name in scope.imports:
                self.words[place] = "$"
                self.uses.append((place, scope.imports[name]))
            elif scope.outer and name not in scope.bound:
                scope.outer.open.append((place, name))
        self.scope = scope.around or scope


_SILENT = ("ctx", "kind", "type_comment")
_SPECIAL: Mapping[type[ast.AST], Callable[..., None]] = {
    ast.ClassDef: _Reader._class,
    ast.Expr: _Reader._expression,
    ast.If: _Reader._if,
    ast.JoinedStr: _Reader._joined,
    ast.Lambda: _Reader._lambda,
    ast.Name: _Reader._name,
    ast.Pass: lambda reader, node: None,
    **dict.fromkeys((ast.Import, ast.ImportFrom), _Reader._import),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), _Reader._function),
    **dict.fromkeys((ast.ExceptHandler, ast.MatchAs, ast.MatchStar), _Reader._binding),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _Reader._comprehension
    ),
}


@functools.cache
def read_code(source: bytes) -> Code:
    """What a file of these bytes says."""
    reader = _Reader(ast.parse(source))
    uses = tuple(use for _, use in sorted(reader.uses))
    return Code(_sha256("\n".join(reader.words)), tuple(reader.imports), uses)


EMPTY = read_code(b"")
"""what a package says that is only a folder"""
_HERE = Sources(Path(__file__).parents[2], env.cache_folder())
