"""What the pages are made of: templates, styles, and the policy that allows nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from repro.report.inert import visible

FOLDER = Path(__file__).parent / "parts"
STYLES = ("colours.css", "base.css", "tables.css", "plots.css", "parts.css", "charts.css")
"""of every page, before its own"""


def environment() -> Environment:
    """The templates; every text in them is escaped."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["coded"] = coded
    return templates


def _visible(value: object) -> object:
    """What a template shows, without signs that nobody sees; its lines may be broken."""
    if isinstance(value, Markup):
        return Markup(visible(value, keep="\n\t"))  # escaped before
    return visible(value, keep="\n\t") if isinstance(value, str) else value


def coded(text: str) -> Markup:
    """Text with `names` between backticks as code."""
    parts = text.split("`")
    marked = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )
    return Markup("").join(marked)


def joined(names: Sequence[str]) -> str:
    """Some of our own files, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def policy(style: str, script: str = "") -> str:
    """The policy (CSP) that allows this style and script and nothing else."""
    scripts = f"script-src {_source(script)}; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
