"""The claims of a paper looked over: every one that cannot be read or checked, not the first."""

from pathlib import Path

from repro.authoring.flaws import Flaw, TomlFile
from repro.errors import ReproError
from repro.files import temporary_folder
from repro.papers import folders
from repro.records.store import Store
from repro.verdicts.claims import claim, judging
from repro.verdicts.claims.cell_values import MeasuredCells


def claims(folder: Path, readable: bool) -> list[Flaw]:
    """What is wrong with the claims of a paper; with expressions only if its tables are right."""
    path = folder / claim.FILE
    if not path.is_file():
        said = "no sentence of the paper is checked: there is no `claims.toml`"
        return [Flaw(folders.shown(folder), None, "", said, required=False)]
    file = TomlFile(path)
    read = file.read(claim.ClaimFile)
    with temporary_folder() as empty:  # they are judged by the printed cells alone
        printed = MeasuredCells(Store(empty))
        for number, one in enumerate(read.claims if read else ()):
            try:
                claim.check(claim.numbered(one, folder.name, number + 1))
                if readable:
                    judging.judge_all([one], printed)
            except ReproError as error:
                said = str(error).removeprefix(str(one)).lstrip(": ")
                file.add(f"claims[{number}]", ReproError(said, error.hint))
    return file.flaws
