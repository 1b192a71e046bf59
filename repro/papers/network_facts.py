"""What the claims of a paper read of networks, as `tables/paperN/networks.json` holds it.

The file is made: `repro claims paperN --networks` builds each network that a claim names and writes
down what is asked of it, so that nothing is built when the claims are judged.
"""

import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders, lookup, study
from repro.papers.readings import Value, shown

FILE = "networks.json"
NetworkValue = int | float | tuple[int | float, ...]
Answers = Mapping[str, Mapping[str, Mapping[str, NetworkValue]]]
"""network -> part -> question -> answer"""
QUESTIONS: Mapping[str, str] = {
    "count": "modules that are meant",
    "params": "parameters of them all, each once",
    "macs": "multiply-accumulates by `conv`, of the whole network alone",
    "kernel": "side of the kernels",
    "stride": "stride",
    "groups": "groups of channels",
    "inputs": "channels or features read",
    "outputs": "channels or features written",
    "depthwise": "those that have a filter for each channel",
    "scale": "height of the image through that of what comes out; several where several come out",
    "channels": "channels of what comes out",
    "height": "rows of what comes out",
    "width": "columns of what comes out",
    "turn": "place in the order in which modules begin to run",
}
"""what can be asked of modules that have one answer in common; the image is 256x192"""


@dataclass(frozen=True, slots=True, order=True)
class NetworkQuestion:
    """One thing to know of one network."""

    network: str
    """the name, then its options in order, as in `cbam_litehrnet_18 width=32`"""
    part: str
    """a pattern of module paths, perhaps with a class, as in `head.*:Conv2d`; empty for the whole
    network"""
    question: str
    """one of QUESTIONS"""

    def __str__(self) -> str:
        part = f'."{self.part}"' if self.part else ""
        return f"model[{self.network}]{part}.{self.question}"


@dataclass(frozen=True, slots=True)
class _NetworksFile:
    networks: Answers


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """The answers that lie beside the tables of a paper."""

    paper: str
    networks: Answers

    def answer(self, question: NetworkQuestion) -> NetworkValue:
        """What is known; ReproError where it is not."""
        known = self.networks.get(question.network, {}).get(question.part, {})
        if question.question not in known:
            raise ReproError(
                f"`{question}` is not in {self.paper}/{FILE}.",
                f"Write the file anew: `repro claims {self.paper} --networks`.",
            )
        return known[question.question]


def asked(network: str, path: tuple[str, ...]) -> tuple[NetworkQuestion, tuple[str, ...]]:
    """What `model[network].path` asks, and the rest of the path, which leads into the answer."""
    if len(path) == 1 or path[1].isdecimal():
        path = ("", *path)
    part, question, *rest = path
    if question not in QUESTIONS:
        raise unknown("question on a network,", question, QUESTIONS)
    name, options = named(network)
    words = (f"{key}={shown(value)}" for key, value in sorted(options.items()))
    return NetworkQuestion(" ".join((name, *words)), part, question), tuple(rest)


def named(network: str) -> tuple[str, dict[str, Value]]:
    """The name and the options of a network as an expression writes it."""
    name, *words = re.split(r"[\s,]+", network.strip())
    for word in words:
        if not all(word.partition("=")):
            raise ReproError(f"`{word}` is no option of `{name}`.", "Write NAME=VALUE.")
    return name, lookup.parse_options(words)


def load(paper: str) -> NetworkFacts:
    """The answers in the folder of the study of exactly that name, none if it has no file."""
    path, name = folders.study_folder(paper) / FILE, f"{paper}/{FILE}"
    if not path.exists():
        return NetworkFacts(paper, {})
    try:
        data = schema.json_file(path, limit=2**20)
    except OSError as error:
        raise ReproError(f"{name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ReproError(f"{name} is no JSON: {error}.") from error
    return NetworkFacts(paper, schema.read(_NetworksFile, data, name).networks)


def content(answers: Mapping[NetworkQuestion, NetworkValue]) -> str:
    """The text of a file that holds these answers."""
    networks: dict[str, dict[str, dict[str, NetworkValue]]] = {}
    for asked_of, value in answers.items():
        parts = networks.setdefault(asked_of.network, {})
        parts.setdefault(asked_of.part, {})[asked_of.question] = value
    return json.dumps({"networks": networks}, indent=1, sort_keys=True) + "\n"


def official(network: str) -> bool:
    """Whether a network has public code, not that of a paper which has none.

    Of the networks of the zoo all have, but those that a study without `code` proposes.
    """
    name, _ = named(network)
    return not any(
        fnmatch.fnmatchcase(name, pattern)
        for one in map(study.load_study, study.study_names())
        if one.code is None
        for pattern in one.own
    )
