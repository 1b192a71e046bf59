"""What README and docs/ show is true of the program: commands, links, versions, tables."""

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer.main
import yaml

from repro.commands.app import app
from repro.env import __version__
from repro.papers.conventions import CONVENTIONS
from repro.report.terminal import picture
from support.command_line import ROOT, Run
from support.thoroughness import daily

PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = [ROOT / "README.md", *PAGES]
BY_THEMSELVES = {
    *("list", "show", "explain", "claims", "audit", "count", "readings", "doctor", "schema"),
    *("records", "plan", "run", "compare", "parity", "report", "nightly", "check", "--help"),
}
"""commands that need nothing but the checkout, unless they name it"""
ABSENT = re.compile(
    r"[\w./-]+\.(onnx|pth|json|csv|log|xml|txt|param)|[A-Z]{3,}|paper5|main|baseline"
)
"""what a command names that is not in the checkout"""
QUICK = ("list", "show", "explain", "schema", "--help")
"""how the commands begin that are carried out in each run of the tests"""


MODULE = """
MODELS = {"tinypose": {"builder": "TinyPose"}}

def TinyPose(keypoints):
    pass
"""
"""a file of networks that commands name"""


def commands(path: Path) -> Iterator[str]:
    """Each line of the shell blocks of a document, without its comment."""
    for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.join(shlex.split(line, comments=True))


SHOWN = list(dict.fromkeys(line for path in DOCUMENTS for line in commands(path)))
"""of all documents"""
INLINE = [
    found
    for path in (*DOCUMENTS, ROOT / "CONTRIBUTING.md")
    for found in re.findall(r"`repro ([^`\n]+)`", path.read_text(encoding="utf-8"))
    if not re.search(r"COMMAND|\bN\b|\.\.\.", found)
]


def parse(words: list[str]) -> None:
    """Raise unless the command line takes these words; nothing is run."""
    command = typer.main.get_command(app(words))
    if words == ["--help"]:
        return
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    if "--help" not in words:
        command.make_context("repro", list(words))


def _words(line: str) -> list[str] | None:
    """The words of a command of ours; None for one of another program."""
    program, *words = shlex.split(line)
    if program == "repro":
        return words
    if program == "torchrun":
        return words[words.index("cli") + 1 :]
    return None


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_that_is_shown_is_one(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    words = _words(line)
    if words is None:
        program, *rest = shlex.split(line)
        if program == "python" and not rest[0].startswith("-"):
            assert (ROOT / rest[0]).is_file()
        else:
            assert program in ("python3", "python", "export"), line
    else:
        parse(words)


def test_commands_within_sentences_are_ones() -> None:
    for found in INLINE:
        said = ""
        try:
            parse(shlex.split(found))
        except Exception as error:
            show = getattr(error, "format_message", None)
            said = show() if show else repr(error)
        # a sentence may name a command alone, or with one of its options
        assert not said or said.startswith("Missing") or said.endswith("argument."), (found, said)


ENDING = {"repro run all --fail-on off --strict": 3}
"""commands whose code is not 0, as their document says"""
ALONE = [
    line
    for line in dict.fromkeys(
        line for path in DOCUMENTS if path.name != "adding.md" for line in commands(path)
    )
    if line.startswith("repro ")
    and shlex.split(line)[1] in BY_THEMSELVES
    and not any(ABSENT.fullmatch(word) for word in shlex.split(line)[2:])
    and not {"--train", "--data", "--out", "--search"} & set(shlex.split(line))
]


@pytest.mark.parametrize("line", daily(ALONE, lambda one: one[6:].startswith(QUICK)))
def test_a_command_that_needs_nothing_runs(line: str, repro: Run, committed: Path) -> None:
    shutil.copy(ROOT / "RESULTS.md", ".")
    shutil.copytree(ROOT / "results", "results")
    (Path("tests") / "golden").mkdir(parents=True)
    shutil.copy(ROOT / "tests/golden/lpn_50.json", "tests/golden")
    outcome = repro(*shlex.split(line)[1:])
    assert outcome.code == ENDING.get(line, 0), outcome.err
    assert outcome.out or "report" in line


def test_links_lead_somewhere() -> None:
    named = [ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "RESULTS.md")]
    for path in (*DOCUMENTS, *named, *(ROOT / "results").glob("*.md")):
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
        below = re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.M)
        for target in (*re.findall(r"\]\(([^)\s]+)\)", text), *below):
            if re.match(r"[a-z]+://", target):
                continue
            name, _, anchor = target.partition("#")
            page = path.parent / name if name else path
            assert page.is_file(), f"{path.name}: {target}"
            if page in PAGES or (anchor and not name):
                assert not path.is_relative_to(ROOT / "docs") or page.is_relative_to(ROOT / "docs")
            headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert not anchor or anchor in slugs, f"{path.name}: {target}"


def test_every_page_is_in_the_site_and_the_readme_names_the_guides() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    named = re.findall(r"[\w/]+\.md", str(site["nav"]))
    assert sorted(named) == [path.relative_to(ROOT / "docs").as_posix() for path in PAGES]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in named:
        assert page == "index.md" or f"(docs/{page})" in readme, page


def test_each_reader_has_five_lines_at_most() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sections = {
        part.partition("\n")[0]: part for part in readme.split("\n## ")[1:] if part.startswith("I ")
    }
    assert len(sections) == 5
    for name, part in sections.items():
        block = part.partition("```sh\n")[2].partition("```")[0]
        assert 1 <= len(block.splitlines()) <= 5, name


def test_the_conventions_are_those_of_the_program() -> None:
    text = (ROOT / "docs/conventions.md").read_text(encoding="utf-8")
    for one in CONVENTIONS.values():
        assert f"| `{one.name}` | {one.tool} | {one.rules} |" in text


def test_the_picture_shows_what_the_command_does() -> None:
    def words(svg: str) -> list[str]:
        return re.findall(r"<text[^>]*>([^<]*)</text>", svg)

    kept = picture.FILE.read_text(encoding="utf-8")
    assert words(kept) == words(picture.drawn())
    assert "script" not in kept and re.findall(r"https?://[^\"]+", kept) == [
        "http://www.w3.org/2000/svg"
    ]


def test_the_picture_of_all_networks_is_what_the_report_draws(repro: Run) -> None:
    kept = (ROOT / "docs/networks.svg").read_text(encoding="utf-8")
    assert repro("report", "--format", "svg", "--store", str(ROOT / "records")).out == kept
    drawn = ElementTree.fromstring(kept)
    assert not drawn.findall(".//{*}script") and len(drawn.findall(".//{*}circle")) > 60


def test_the_project_says_who_it_is_everywhere_alike() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__ and citation["license"] == project["license"]
    assert [one["name"] for one in citation["authors"]] == [project["authors"][0]["name"]]
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence and "Copyright 2026 the pose-repro authors" in licence
    assert len(licence.splitlines()) > 200
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(.*?)\]", changes, re.M)[0] in ("Unreleased", __version__)


def test_versions_of_the_checks_are_exact_and_name_no_build() -> None:
    lines = (ROOT / ".ci/constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) > 50 and "://" not in "".join(pinned)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pinned)
    names = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in pinned}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["docs"]]
    for requirement in wanted:
        assert re.split(r"[<>=\[]", requirement)[0].lower() in names, requirement
