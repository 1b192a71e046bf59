r"""Text from outside, made inert for the medium that it leaves by.

Names of files, labels, keys, fields of records, metadata of networks and errors of libraries may
hold anything. What a medium would obey is shown instead, as `\x1b`; plain text stays as it is.
"""

import html
import re
import unicodedata

MARKS = re.compile(r"([\\`*_\[\]|~#])")
"""signs by which Markdown sets text"""
ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.|(?<=\bmailto):|(?<=\bxmpp):", re.IGNORECASE)
"""the sign by which Markdown knows an address that stands alone"""
TARGET = re.compile(r"\](?=\((?!#|(?:\.\./)?records/|[\w-]+/\w+\.md[#)]))")
"""before the address of a link that leads elsewhere than to our own pages"""
MENTION = re.compile(r"@(?=[A-Za-z])")
FORMULA = re.compile(r"\s*(?:[=@＝＠]|[-+＋－](?:.*[(|!\"]|[^\s\d.,]))", re.DOTALL)
"""beginnings that a spreadsheet would run; a sign before a number or a blank is none"""


def visible(text: str, keep: str = "") -> str:
    r"""Text without signs that a terminal obeys or nobody sees; those in `keep` stay.

    Escaped, as `\x1b` or `\u202e`, are control signs, line breaks of all kinds, signs without
    width, those that turn the direction of reading, and halves of surrogate pairs.
    """
    if text.isprintable():
        return text
    return "".join(sign if _harmless(sign) or sign in keep else _escape(sign) for sign in text)


def _harmless(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Zs"  # a blank of another width


def _escape(sign: str) -> str:
    code = ord(sign)
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(sign)
    return short or (
        f"\\x{code:02x}" if code < 2**8 else f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"
    )


def script(data: str) -> str:
    """JSON that is read by a page's script, of which the texts are visible when it shows them."""
    if data.isprintable():
        return data
    return "".join(sign if _harmless(sign) else _escape(sign).replace("\\", r"\\") for sign in data)


def markdown(text: str) -> str:
    """A text that neither HTML nor Markdown gets to interpret."""
    return _no_address(MARKS.sub(r"\\\1", html.escape(visible(text), quote=False)))


def document(text: str) -> str:
    """A document in Markdown: it has our headings, tables and links, and nobody else's.

    No HTML, no picture, no link that leads away, no address that stands alone, no name that is
    notified. A document's own lines are kept apart from breaks in a text by `cell` and `visible`.
    """
    lines = visible(text, keep="\n").replace("<", "&lt;").replace("![", r"!\[")
    return _no_address(TARGET.sub(r"]\\", lines))


def _no_address(text: str) -> str:
    return MENTION.sub("@<!-- -->", ADDRESS.sub(r"\\\g<0>", text))


def cell(text: str) -> str:
    """What stands in one cell of a table in Markdown."""
    return re.sub(r"(\\*)\|", r"\1\1\\|", visible(text))


def formula(text: str) -> str:
    """A text that a spreadsheet would run gets an apostrophe before it."""
    shown = visible(text)
    return f"'{shown}" if FORMULA.match(shown) else shown
