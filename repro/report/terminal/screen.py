"""Where tables and bars are drawn."""

import io
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from repro.report.inert import visible


class Screen(Console):
    """A console of rich that shows every text as it is, each on one line unless it is wrapped.

    Signs that a terminal would obey become escapes, and no word in brackets or colons has a
    meaning: colours come from `Text` with a style, lines below each other from a `Group`.
    With `picture`, so many columns wide, it draws for `export_svg`.
    """

    def __init__(self, stderr: bool = False, picture: int = 0) -> None:
        stream = sys.stderr if stderr else sys.stdout
        terminal = stream is not None and stream.isatty()
        width = None if terminal or stderr else 300  # as wide as it needs, where nobody looks
        super().__init__(
            file=io.StringIO() if picture else None,
            width=picture or width,
            stderr=stderr,
            record=bool(picture),
            force_terminal=True if picture else None,
            color_system="truecolor" if picture else "auto",
            markup=False,
            emoji=False,
            highlight=False,
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As rich does, a text without what a terminal obeys."""
        return super().render(_shown(renderable), options)

    def render_str(self, text: str, **options: object) -> Text:
        """A string as text; its escapes are there when rich measures it."""
        return super().render_str(visible(text), **options)  # type: ignore[arg-type]


def _shown(renderable: RenderableType) -> RenderableType:
    """The same, or a text with one style and with escapes."""
    if not isinstance(renderable, Text) or renderable.plain.isprintable():
        return renderable
    shown = visible(renderable.plain)
    if shown == renderable.plain:
        return renderable
    text = renderable.blank_copy(shown)
    text.overflow = text.overflow or "fold"
    return text
