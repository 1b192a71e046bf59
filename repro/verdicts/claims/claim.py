"""A paper's quantitative statements, as `tables/paperN/claims.toml` lists them."""

from dataclasses import dataclass, field

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders

KINDS = {
    "result": "an accuracy",
    "cost": "parameters or multiply-accumulates",
    "speed": "a time or a rate",
    "recipe": "how training, testing or timing was done",
    "unit": "what a number or a column means",
    "reference": "where in the paper something stands",
}
FILE = "claims.toml"
LONGEST = 1000
"""characters of any field"""
MOST = 1000
"""claims of a paper"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of a paper's text."""

    where: str
    """section and paragraph, as the paper numbers them"""
    printed: str
    """the paper's own words with the number"""
    says: str
    """the statement in other words"""
    kind: str
    holds: str | None = None
    """the expression that must hold, see `repro.claims`"""
    why: str | None = None
    """why nothing at hand can check it"""
    note: str | None = None
    order: tuple[str, str] | None = None
    """patterns of networks: those that it says take longer, and those that do not; times that
    others have published, or that were imported, are named beside it"""
    paper: str = field(init=False, default="")
    number: int = field(init=False, default=0)
    """place in the paper's list, from 1"""

    def speaks_of(self, words: str) -> bool:
        """Whether it has these words, or says so, in capitals or not."""
        return words.lower() in f"{self.printed} {self.says} {self.where}".lower()

    def __str__(self) -> str:
        words = "".join(sign for sign in self.printed[:60] if sign.isprintable())
        return f"{self.paper}, claim {self.number} (`{words}`)"


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """The file claims.toml."""

    claims: tuple[Claim, ...]


def load(paper: str) -> tuple[Claim, ...]:
    """The claims of the study of exactly that name, none if it lists none."""
    path = folders.study_folder(paper) / FILE
    name = f"{paper}/claims.toml"
    if not path.exists():
        return ()
    claims = schema.read(ClaimFile, schema.toml(path, name), name).claims
    if len(claims) > MOST:
        raise ReproError(f"{name} lists {len(claims)} claims, more than {MOST}.")
    for number, claim in enumerate(claims, start=1):
        check(numbered(claim, paper, number))
    return claims


def numbered(claim: Claim, paper: str, number: int) -> Claim:
    """The claim, which knows from now on where it stands."""
    object.__setattr__(claim, "paper", paper)
    object.__setattr__(claim, "number", number)
    return claim


def check(claim: Claim) -> None:
    """Raise ReproError for a claim that says nothing, or too much."""
    texts = {"where": claim.where, "printed": claim.printed, "says": claim.says}
    optional = {"holds": claim.holds, "why": claim.why, "note": claim.note}
    written = texts | {name: text for name, text in optional.items() if text is not None}
    for name, text in written.items():
        if not text.strip() or len(text) > LONGEST:
            raise ReproError(f"{claim}: `{name}` needs 1 to {LONGEST} characters.")
        odd = [sign for sign in text if not sign.isprintable()]
        if odd:
            raise ReproError(f"{claim}: `{name}` holds the control character {odd[0]!r}.")
    if claim.kind not in KINDS:
        raise ReproError(f"{claim}: {unknown('kind', claim.kind, KINDS)}")
    if (claim.holds is None) == (claim.why is None):
        raise ReproError(
            f"{claim} needs either `holds` or `why`.",
            "`holds` is the expression to check, `why` says that none can be.",
        )
