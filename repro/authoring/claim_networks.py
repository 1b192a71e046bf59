"""What the claims of a paper ask of networks, answered and written beside its tables."""

from repro.counting import structure
from repro.errors import ReproError
from repro.files import write_whole
from repro.papers import folders, network_facts
from repro.papers.network_facts import NetworkQuestion
from repro.verdicts.claims.claim import Claim, load
from repro.verdicts.claims.parser import parse
from repro.verdicts.claims.syntax import Fact, inside


def write(paper: str) -> str:
    """Answer all questions of a paper in its `networks.json`, and say so.

    ReproError for a claim that cannot be read, a network that cannot be built, and a folder that
    cannot be written to.
    """
    questions = [question for claim in load(paper) for question in asked_by(claim)]
    path = folders.study_folder(paper) / network_facts.FILE
    if not questions:
        return f"No claim of {paper} asks anything of a network."
    answers = structure.answers(questions)
    try:
        write_whole(path, network_facts.content(answers))
    except OSError as error:
        raise ReproError(f"`{path}` cannot be written: {error.strerror}.") from error
    networks = len({question.network for question in answers})
    return f"{folders.shown(path)}: {len(answers)} answers of {networks} networks"


def asked_by(claim: Claim) -> list[NetworkQuestion]:
    """The questions on networks in a claim's expression; ReproError naming the claim."""
    try:
        return [
            network_facts.asked(part.name, part.path)[0]
            for relation in (parse(claim.holds) if claim.holds else ())
            for side in (relation.left, relation.right)
            for part in inside(side)
            if isinstance(part, Fact) and part.section == "model"
        ]
    except ReproError as error:
        raise ReproError(f"{claim}: {error}", error.hint) from error
