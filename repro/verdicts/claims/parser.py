"""From the text of an expression to its parts, by recursive descent. The grammar is in the package.

Nothing is evaluated here and no name is looked up; the length, the depth and the number of parts
of an expression are bounded, so that no text can exhaust the stack or the memory.
"""

import re
from decimal import Decimal
from fractions import Fraction

from repro.errors import unknown
from repro.verdicts.claims.facts import SECTIONS
from repro.verdicts.claims.syntax import (
    Cells,
    Fact,
    FunctionCall,
    Node,
    Number,
    Operation,
    Power,
    Relation,
    Term,
    Text,
    inside,
    mistake,
)
from repro.verdicts.claims.tokens import Token, tokens

SIGNS = ("~", "=", "<", "<=", ">", ">=")
BRACKETED = "model"
"""the section whose name stands in brackets, with a network's options"""
WHOLE = "printed"
"""the section of which a name alone is a fact"""
FUNCTIONS = ("max", "min", "mean", "sum", "count", "best", "rank")
UNITS = {
    "": ("", Fraction(1)),
    "%": ("ratio", Fraction(1, 100)),
    "x": ("", Fraction(1)),
    "k": ("", Fraction(1000)),
    "M": ("M", Fraction(1)),
    "G": ("G", Fraction(1)),
    "ms": ("ms", Fraction(1)),
    "FPS": ("FPS", Fraction(1)),
}
"""how a number may end -> its unit and its factor"""
DEEPEST = 20
MOST = 200
"""parts of an expression"""
HIGHEST = 8
"""exponent"""

_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?)(%|[A-Za-z]*)")
_TERMS = re.compile(r'(?:[^,"]|"[^"]*")+')


def parse(expression: str) -> tuple[Relation, ...]:
    """The comparisons that an expression joins; raise ReproError at its first mistake."""
    return _Parser(tokens(expression)).statement()


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self.words = words
        self.next = 0
        self.depth = 0
        self.parts = 0

    @property
    def word(self) -> Token:
        return self.words[self.next]

    def take(self) -> Token:
        word = self.word
        self.next += word.kind != "end"
        return word

    def sees(self, *signs: str) -> bool:
        return self.word.kind == "sign" and self.word.text in signs

    def expect(self, sign: str, where: str) -> None:
        if not self.sees(sign):
            raise mistake(self.word.at, f"`{sign}` is missing {where}, before `{self.word.text}`.")
        self.take()

    def name(self, what: str) -> Token:
        if self.word.kind != "name":
            raise mistake(self.word.at, f"{what} is missing before `{self.word.text}`.")
        return self.take()

    def counted(self, node: Node) -> Node:
        self.parts += 1
        if self.parts > MOST:
            raise mistake(node.at, f"An expression has at most {MOST} parts.")
        return node

    def statement(self) -> tuple[Relation, ...]:
        relations = self.comparison()
        while self.word == Token("name", "and", self.word.at):
            self.take()
            relations += self.comparison()
        if self.word.kind != "end":
            raise mistake(self.word.at, f"`{self.word.text}` does not belong here.")
        return tuple(relations)

    def comparison(self) -> list[Relation]:
        left = self.sum()
        relations: list[Relation] = []
        while self.sees(*SIGNS):
            sign = self.take()
            right = self.sum()
            relations.append(self.relation(left, sign, right))
            left = right
        if not relations:
            where = f"before `{self.word.text}`"
            raise mistake(self.word.at, f"A comparison is missing {where}: {' '.join(SIGNS)}.")
        return relations

    def relation(self, left: Node, sign: Token, right: Node) -> Relation:
        tolerance = None
        if self.sees("+-"):
            at = self.take().at
            number = self.atom()
            if sign.text != "~" or not isinstance(number, Number):
                raise mistake(at, "A tolerance is a number after `~`.")
            tolerance = number
        elif sign.text == "~" and not isinstance(right, Number | Cells):
            hint = "Write a number or a cell, or a tolerance: `+- 0.1`."
            raise mistake(right.at, "The right side of `~` says to which digits.", hint)
        texts = [side for side in (left, right) if isinstance(side, Text)]
        for side in (left, right):
            within = any(isinstance(part, Text) and part is not side for part in inside(side))
            if within or (texts and not isinstance(side, Text | Cells | Fact)):
                raise mistake(side.at, "Text can only be compared with a cell or a recipe.")
        if texts and sign.text != "=":
            raise mistake(sign.at, f"Text takes `=`, not `{sign.text}`.")
        return Relation(left, sign.text, right, tolerance, sign.at)

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise mistake(self.word.at, f"This is nested deeper than {DEEPEST}.")
        left = self.product()
        while self.sees("+", "-"):
            sign = self.take()
            left = self.counted(Operation(sign.text, left, self.product(), sign.at))
        self.depth -= 1
        return left

    def product(self) -> Node:
        left = self.signed()
        while self.sees("*", "/"):
            sign = self.take()
            left = self.counted(Operation(sign.text, left, self.signed(), sign.at))
        return left

    def signed(self) -> Node:
        if not self.sees("-"):
            return self.power()
        at = self.take().at
        of = self.power()
        if isinstance(of, Number):
            return Number(f"-{of.text}", -of.value, of.step, of.unit, at)
        nought = Number("0", Fraction(0), Fraction(1), "", at)
        return self.counted(Operation("-", nought, of, at))

    def power(self) -> Node:
        base = self.atom()
        if not self.sees("^"):
            return base
        at = self.take().at
        exponent = self.signed()
        if (
            not isinstance(exponent, Number)
            or exponent.unit
            or exponent.value.denominator != 1
            or abs(exponent.value) > HIGHEST
        ):
            raise mistake(at, f"An exponent is a whole number from -{HIGHEST} to {HIGHEST}.")
        return self.counted(Power(base, int(exponent.value), at))

    def atom(self) -> Node:
        word = self.take()
        if word.kind == "number":
            return self.counted(_number(word))
        if word.kind == "text":
            return self.counted(Text(word.text[1:-1], word.at))
        if word.text == "(":
            inner = self.sum()
            self.expect(")", "here")
            return inner
        if word.kind != "name" or word.text == "and":
            raise mistake(word.at, f"A number or a cell is missing before `{word.text}`.")
        if self.sees("("):
            return self.counted(self.call(word))
        return self.counted(self.reference(word))

    def call(self, word: Token) -> FunctionCall:
        if word.text not in FUNCTIONS:
            error = unknown("function", word.text, FUNCTIONS)
            raise mistake(word.at, str(error), error.hint)
        self.take()
        arguments = [self.sum()]
        while self.sees(","):
            self.take()
            arguments.append(self.sum())
        self.expect(")", f"after the arguments of `{word.text}`")
        for argument in arguments:
            if any(isinstance(part, Text) for part in inside(argument)):
                raise mistake(argument.at, f"`{word.text}` takes no text.")
            if word.text in ("best", "rank") and not isinstance(argument, Cells):
                raise mistake(argument.at, f"`{word.text}` takes cells alone.")
        if word.text == "rank":
            return _rank(word, arguments)
        return FunctionCall(word.text, tuple(arguments), word.at)

    def reference(self, word: Token) -> Node:
        paper, head = None, word
        if self.sees(":"):
            self.take()
            paper, head = word.text, self.name("A table")
        if head.text == BRACKETED:
            return self.bracketed(paper, word.at)
        if re.fullmatch("equation[0-9]{1,3}", head.text):
            return self.equation(paper, head.text, word.at)
        if head.text in SECTIONS:
            return self.fact(paper, head.text, word.at)
        if not re.fullmatch("(table|figure)[0-9]{1,3}", head.text):
            hint = f"Cells are written table1[row].column, facts {', '.join(SECTIONS)}."
            raise mistake(head.at, f"`{head.text}` is no table.", hint)
        rows = _rows(self.take()) if self.word.kind == "rows" else ()
        self.expect(".", "before the column")
        return Cells(paper, head.text, rows, self.key("A column"), word.at)

    def fact(self, paper: str | None, section: str, at: int) -> Fact:
        self.expect(".", f"after `{section}`")
        name, case = self.key("A name"), None
        if self.word.kind == "rows":
            case = self.take().text[1:-1].strip()
        path = self.path()
        if not path and section != WHOLE:
            self.expect(".", f"after `{section}.{name}`")
        return Fact(paper, section, name, case, path, at)

    def bracketed(self, paper: str | None, at: int) -> Fact:
        if self.word.kind != "rows":
            raise mistake(self.word.at, "A network is missing: model[lpn_50].params.")
        name = self.take().text[1:-1].strip()
        path = self.path()
        if not path:
            self.expect(".", f"after `{BRACKETED}[{name}]`")
        return Fact(paper, BRACKETED, name, None, path, at)

    def equation(self, paper: str | None, name: str, at: int) -> Fact:
        point = self.take().text[1:-1].strip() if self.word.kind == "rows" else None
        path = self.path()
        if not path:
            self.expect(".", f"after `{name}`")
        return Fact(paper, "equation", name, point, path, at)

    def path(self) -> tuple[str, ...]:
        """Fields, and places in lists."""
        path = []
        while self.sees("."):
            self.take()
            whole = self.word.kind == "number" and self.word.text.isdecimal()
            path.append(self.take().text if whole else self.key("A field"))
        return tuple(path)

    def key(self, what: str) -> str:
        """A name, in quotes where it is no plain word."""
        return self.take().text[1:-1] if self.word.kind == "text" else self.name(what).text


def _rank(word: Token, arguments: list[Node]) -> FunctionCall:
    first = arguments[0]
    if not isinstance(first, Cells) or not first.single or len(arguments) > 2:
        raise mistake(word.at, "`rank` takes one cell, and perhaps the cells that it is among.")
    column = Cells(first.paper, first.table, (), first.column, first.at)
    return FunctionCall("rank", (first, *(arguments[1:] or [column])), word.at)


def _number(word: Token) -> Number:
    match = _NUMBER.fullmatch(word.text)
    if match is None:
        raise mistake(word.at, f"`{word.text:.30}` has too many digits.")
    if match[2] not in UNITS:
        error = unknown("unit", match[2], (name for name in UNITS if name))
        raise mistake(word.at, str(error), error.hint)
    unit, factor = UNITS[match[2]]
    digits = Decimal(match[1])
    step = Fraction(10) ** int(digits.as_tuple().exponent)
    return Number(word.text, Fraction(digits) * factor, step * factor, unit, word.at)


def _rows(word: Token) -> tuple[Term, ...]:
    """`[SimpleBaseline*, !"odd, label"]` as terms."""
    inner = word.text[1:-1]
    terms = []
    for match in _TERMS.finditer(inner):
        text = match[0].strip()
        excluded = text.startswith("!")
        text = text.removeprefix("!").strip()
        at = word.at + 1 + match.start()
        if text.startswith('"') and text.endswith('"') and text.count('"') == 2:
            terms.append(Term("label", text[1:-1], excluded))
        elif '"' in text:
            raise mistake(at, "A quoted label stands alone between commas.")
        elif text.startswith("@"):
            terms.append(Term("group", text[1:].strip(), excluded))
        elif re.fullmatch("#[0-9]{1,3}", text):
            terms.append(Term("number", text[1:], excluded))
        elif "*" in text or "?" in text:
            terms.append(Term("pattern", text, excluded))
        else:
            terms.append(Term("label", text, excluded))
    if not terms or any(not term.text for term in terms):
        raise mistake(word.at, "A row's label is missing.")
    return tuple(terms)
