"""What a command shows, as a picture for documents: `python -m repro.report.terminal.picture`.

Writes docs/terminal.svg: costs of one table, as printed and as measured, from the records at hand.
"""

from pathlib import Path

from repro.files import write_whole
from repro.papers import study
from repro.plans import selection
from repro.records.store import Store
from repro.report.terminal import judged_tables
from repro.report.terminal.screen import Screen
from repro.verdicts.judge import judge_all

ROOT = Path(__file__).parents[3]
"""of the checkout"""
FILE = ROOT / "docs" / "terminal.svg"
PAPER, TABLE = "paper4", "table2"
COMMAND = f"repro run {PAPER} {TABLE} --metric params,macs"
WIDTH = 110
"""columns"""
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg" role="img" aria-label="What the command shows">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace; \
line-height: {line_height}px; }}
.{unique_id}-title {{ font: 16px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" \
clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""as rich draws it, without the font that it would load from elsewhere"""


def drawn() -> str:
    """The picture."""
    screen = Screen(picture=WIDTH)
    selected = selection.select(selection.tables(PAPER, TABLE), metrics=["params", "macs"])
    cells = judge_all(selected, Store(ROOT / "records").find)
    judged_tables.judged(screen, study.load_table(PAPER, TABLE), cells)
    screen.print(judged_tables.totals(cells))
    return screen.export_svg(title=COMMAND, code_format=FRAME, unique_id="repro")


if __name__ == "__main__":
    write_whole(FILE, drawn())
