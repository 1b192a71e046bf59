"""What claims ask of networks, and the file with the answers."""

import json
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import network_facts
from repro.papers.network_facts import NetworkQuestion


def test_a_question_has_a_network_with_options_a_part_and_a_rest() -> None:
    whole = NetworkQuestion("lpn_50", "", "params")
    assert network_facts.asked("lpn_50", ("params",)) == (whole, ())
    asked, rest = network_facts.asked("net width=48, flip=true placement=A", ("scale", "2"))
    assert asked == NetworkQuestion("net flip=true placement=A width=48", "", "scale")
    assert rest == ("2",)
    assert network_facts.named(asked.network) == (
        "net",
        {"flip": True, "placement": "A", "width": 48},
    )
    part, rest = network_facts.asked("net", ("head.*:Conv2d", "kernel"))
    assert str(part) == 'model[net]."head.*:Conv2d".kernel' and rest == ()


@pytest.mark.parametrize(
    ("network", "path", "message"),
    [
        ("net width", ("params",), "`width` is no option of `net`"),
        ("net =3", ("params",), "`=3` is no option of `net`"),
        ("net", ("sides",), "There is no question on a network, `sides`"),
        ("net", ("head", "colour"), "There is no question on a network, `colour`"),
    ],
)
def test_what_cannot_be_asked_is_named(network: str, path: tuple[str, ...], message: str) -> None:
    with pytest.raises(ReproError) as error:
        network_facts.asked(network, path)
    assert message in str(error.value)


def test_what_is_written_is_read_again(own_tables: Path) -> None:
    answers = {
        NetworkQuestion("net", "", "scale"): (4, 2),
        NetworkQuestion("net", "head", "kernel"): 3,
        NetworkQuestion("net width=48", "", "params"): 12,
    }
    file = own_tables / "paper1" / network_facts.FILE
    file.write_text(network_facts.content(answers), encoding="utf-8")
    known = network_facts.load("paper1")
    assert {question: known.answer(question) for question in answers} == answers
    with pytest.raises(ReproError) as error:
        known.answer(NetworkQuestion("net", "head", "stride"))
    assert str(error.value) == '`model[net]."head".stride` is not in paper1/networks.json.'
    assert "`repro claims paper1 --networks`" in error.value.hint
    file.unlink()
    assert not network_facts.load("paper1").networks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 9999, "paper1/networks.json is no JSON"),
        ("{", "paper1/networks.json is no JSON"),
        ("{}", "`networks` is missing"),
        (json.dumps({"networks": {"net": {"": {"params": "12"}}}}), "`networks.net."),
        (json.dumps({"networks": {}, "made": 1}), "There is no key `made`"),
    ],
)
def test_a_broken_file_is_named(own_tables: Path, text: str, message: str) -> None:
    (own_tables / "paper1" / network_facts.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ReproError) as error:
        network_facts.load("paper1")
    assert message in str(error.value)


def test_the_networks_of_a_paper_without_code_are_readings() -> None:
    assert network_facts.official("lpn_50") and network_facts.official("litepose_s")
    assert not network_facts.official("wlitepose_s_text_coco")
    assert not network_facts.official("cbam_litehrnet_18 width=32")
