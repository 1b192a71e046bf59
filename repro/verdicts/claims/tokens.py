"""An expression's text as tokens."""

import re
from dataclasses import dataclass

from repro.verdicts.claims.syntax import mistake

LONGEST = 1000
"""characters of an expression"""

_PATTERNS = {
    "space": r"\s+",
    "number": r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?:%|[A-Za-z]+)?",
    "name": r"[A-Za-z_][A-Za-z0-9_]*",
    "text": r'"[^"]*"',
    "rows": r'\[(?:[^\[\]"]|"[^"]*")*\]',
    "sign": r"\+-|±|<=|>=|[-+*/^()<>=~.,:]",
}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))
_OPEN = {'"': 'This text has no closing `"`.', "[": "These rows have no closing `]`."}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression."""

    kind: str
    """number, name, text, rows, sign, end"""
    text: str
    at: int
    """the column it begins at, from 1"""


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression, an `end` last; raise ReproError at what is none."""
    if len(expression) > LONGEST:
        raise mistake(LONGEST + 1, f"An expression has at most {LONGEST} characters.")
    words = []
    place = 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            sign = expression[place]
            raise mistake(place + 1, _OPEN.get(sign, f"`{sign}` means nothing here."))
        if match.lastgroup != "space":
            text = "+-" if match[0] == "±" else match[0]
            words.append(Token(match.lastgroup or "", text, place + 1))
        place = match.end()
    return [*words, Token("end", "the end", len(expression) + 1)]
