"""Facts of the equations by name, for claims: no data, no network, no array.

    value("paper4", "4", "weight", {"P": 0.5, "H": 0.5})           -> 0.5
    at("paper4", "equation4", "P=H, H=.9", "weight")               -> 0.101...

A fact has a paper, the printed number of its equation, a name, and arguments: numbers, or one of
the words that an argument allows. What is not given has the paper's value. An argument may be given
as another one (`P=H`: where the prediction is right).

paper1  4 ratio(K, C)        parameters of a light unit of the head against a standard one's
        8 weight(H, F)       F(H) + 1; F is one of `x` `2x` `x^2` `e^x`
        8 relative(H, F)     the same against the background's, where H is 0
paper2  4 ratio(M)           parameters of the light bottleneck against the standard one's
        5 truth(d, sigma)    H at a distance of d pixels
        6 error              of plain soft-argmax on an ideal map, in heatmap pixels
        6 quarter            the same with the quarter offset on top
        7 error(beta)        of beta-soft-argmax
        7 quarter(beta)      the same with the quarter offset on top
        7 argmax             the error of the largest pixel alone
        7 argmax_quarter     of the largest pixel and the quarter offset, `Common` of Table 5
paper4  4 weight(P, H, tau)  W
        4 boundary(tau)      theta, the H of the soft boundary
        4 largest(tau)       the H where a pixel weighs most once the prediction is right
        4 above(tau, side, sigma)  the share of a square around a joint that lies above theta
        7 ratio(K, inputs, outputs)  MACs of the light deconvolution against the standard one's
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from repro.equations import costs, soft_argmax, weights
from repro.errors import ReproError, unknown

Argument = float | str


class EquationFact(NamedTuple):
    """One fact: how it is computed, and what its arguments are where nobody gives them."""

    compute: Callable[..., float]
    usual: Mapping[str, Argument]
    """in the order in which the function takes them"""


FACTS: Mapping[str, Mapping[tuple[str, str], EquationFact]] = {
    "paper1": {
        ("4", "ratio"): EquationFact(costs.light_deconvolution, {"K": 4, "C": 256}),
        ("8", "weight"): EquationFact(weights.generated, {"H": 1, "F": "x"}),
        ("8", "relative"): EquationFact(weights.against_background, {"H": 1, "F": "x"}),
    },
    "paper2": {
        ("4", "ratio"): EquationFact(costs.light_bottleneck, {"M": 64}),
        ("5", "truth"): EquationFact(weights.gaussian, {"d": 0, "sigma": weights.SIGMA}),
        ("6", "error"): EquationFact(lambda: soft_argmax.soft().alone, {}),
        ("6", "quarter"): EquationFact(lambda: soft_argmax.soft().quarter, {}),
        ("7", "error"): EquationFact(lambda beta: soft_argmax.soft(beta).alone, {"beta": 160}),
        ("7", "quarter"): EquationFact(lambda beta: soft_argmax.soft(beta).quarter, {"beta": 160}),
        ("7", "argmax"): EquationFact(lambda: soft_argmax.hard().alone, {}),
        ("7", "argmax_quarter"): EquationFact(lambda: soft_argmax.hard().quarter, {}),
    },
    "paper4": {
        ("4", "weight"): EquationFact(weights.adaptive, {"P": 0, "H": 1, "tau": 0.01}),
        ("4", "boundary"): EquationFact(weights.boundary, {"tau": 0.01}),
        ("4", "largest"): EquationFact(weights.largest_at, {"tau": 0.01}),
        ("4", "above"): EquationFact(
            weights.share_above, {"tau": 0.01, "side": weights.WINDOW, "sigma": weights.SIGMA}
        ),
        ("7", "ratio"): EquationFact(
            costs.light_deconvolution, {"K": 4, "inputs": 66, "outputs": 32}
        ),
    },
}
BOUNDS: Mapping[str, tuple[float, float]] = {
    "H": (0, 1),
    "P": (0, 1),
    "tau": (0.001, 100),
    "beta": (0.1, 600),
    "d": (0, 1000),
    "sigma": (0.1, 100),
    "side": (1, 99),
    "K": (1, 99),
    "C": (1, 10_000),
    "M": (1, 10_000),
    "inputs": (1, 10_000),
    "outputs": (1, 10_000),
}
"""least and largest value of the arguments that are numbers"""
WHOLE = ("side", "K", "C", "M", "inputs", "outputs")
WORDS = {"F": tuple(weights.FUNCTIONS)}


def value(paper: str, equation: str, name: str, given: Mapping[str, Argument]) -> float:
    """A fact at a point. ReproError for a fact or an argument that does not exist."""
    known = FACTS.get(paper, {})
    if (equation, name) not in known:
        offered = [f"equation{number} {word}" for number, word in known]
        raise unknown(f"fact of an equation of {paper},", f"equation{equation} {name}", offered)
    fact = known[equation, name]
    for argument in given:
        if argument not in fact.usual:
            raise unknown(f"argument of equation{equation} {name},", argument, fact.usual)
    taken = {**fact.usual, **given}
    for argument, word in taken.items():
        if isinstance(word, str) and word != argument:
            taken[argument] = taken.get(word, word)
    for argument, number in taken.items():
        _check(argument, number)
    return float(fact.compute(*taken.values()))


def at(paper: str, place: str, point: str, name: str) -> float:
    """A fact as a claim writes it: the place is `equation4`, the point `P=H, H=.9` or empty."""
    return value(paper, place.removeprefix("equation"), name, _point(point))


def _point(text: str) -> dict[str, Argument]:
    given: dict[str, Argument] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, sign, word = (one.strip() for one in part.partition("="))
        if not sign or not word:
            raise ReproError(
                f"`{part}` is no argument of an equation.", "Write `NAME=NUMBER`, as in `H=.9`."
            )
        try:
            given[name] = float(word)
        except ValueError:
            given[name] = word
    return given


def _check(argument: str, number: Argument) -> None:
    if argument in WORDS:
        if number not in WORDS[argument]:
            raise unknown(f"value of `{argument}`,", str(number), WORDS[argument])
        return
    least, most = BOUNDS[argument]
    whole = argument in WHOLE
    if isinstance(number, str) or not least <= number <= most or (whole and number % 1):
        kind = "a whole number" if whole else "a number"
        raise ReproError(
            f"`{argument}` of an equation is `{number}`.",
            f"It is {kind} from {least:g} to {most:,g}.",
        )
