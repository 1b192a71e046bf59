"""Networks outside the zoo are found, built, and known by their code."""

import sys
from pathlib import Path

import pytest

import zoo
from repro.counting import counter
from repro.errors import ReproError, RunError
from repro.models import registry
from repro.pose import losses
from repro.records.runs import CountRun, count_run
from repro.run import counted
from support.outside import TINY, module


def key() -> str:
    """Of a count of the network."""
    return count_run("tinypose", (64, 48)).key


def test_a_network_stands_in_the_zoo_until_it_is_forgotten(tmp_path: Path) -> None:
    file = registry.register(module(tmp_path))
    assert "tinypose" in zoo.list_models("tiny*")
    assert registry.owner_of("tinypose") == file
    count = counter.run(count_run("tinypose", (64, 48)), ("conv",))
    assert (count.params, count.macs["conv"]) == (2897, 16 * 12 * 64 * (27 + 17))
    registry.forget()
    assert "tinypose" not in zoo.MODELS and registry.files() == []


def test_options_and_keypoints_are_those_of_the_builder(tmp_path: Path) -> None:
    registry.register(module(tmp_path))
    assert zoo.create_model("tinypose", 14, width=8).head.weight.shape == (14, 8, 1, 1)
    with pytest.raises(ValueError, match="Its options are `width`"):
        zoo.create_model("tinypose", depth=3)


def test_the_loss_stands_with_the_network(tmp_path: Path) -> None:
    registry.register(module(tmp_path))
    assert losses.for_model("tinypose") == "half-mse"
    registry.register(module(tmp_path, TINY.replace(', "loss": "half-mse"', "")))
    assert losses.for_model("tinypose") == "mse"
    registry.register(module(tmp_path, TINY.replace("half-mse", "half-mze")))
    with pytest.raises(ReproError, match="names a wrong loss: There is no loss `half-mze`"):
        losses.for_model("tinypose")


def test_the_key_is_of_the_code_and_not_of_the_place(tmp_path: Path) -> None:
    registry.register(module(tmp_path / "a"))
    before = key()
    registry.forget()
    registry.register(module(tmp_path / "b é", f"# a comment\n{TINY}"))
    assert key() == before
    registry.register(module(tmp_path / "b é", TINY.replace("stride=4", "stride=4, bias=False")))
    assert key() != before
    assert counter.run(count_run("tinypose", (64, 48)), ("conv",)).params == 2897 - 64


def test_what_lies_beside_it_counts_and_can_be_imported(tmp_path: Path) -> None:
    beside = module(tmp_path, "WIDTH = 8", "width_of_it.py")
    text = f"from width_of_it import WIDTH\n{TINY.replace('int = 64', 'int = WIDTH')}"
    registry.register(module(tmp_path, text))
    before = key()
    assert counter.run(count_run("tinypose", (64, 48)), ("conv",)).params == 8 * 28 + 8 * 17 + 17
    registry.forget()
    beside.write_text("WIDTH = 16", encoding="utf-8")
    registry.register(module(tmp_path, text))
    assert key() != before
    assert counter.run(count_run("tinypose", (64, 48)), ("conv",)).params == 16 * 28 + 16 * 17 + 17


def test_what_it_takes_of_the_zoo_counts(tmp_path: Path) -> None:
    from repro.records import outside_code

    def reached(line: str) -> str:
        file = registry.register(module(tmp_path, f"{line}\n{TINY}"))
        return outside_code.code_of(file.module)

    assert len({reached("import zoo"), reached("from zoo import lpn"), reached("import json")}) == 3


@pytest.mark.parametrize("name", ["lpn_50", "litepose_s_coco"])
def test_a_name_of_the_zoo_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=f"offers `{name}`, which is a model of the zoo"):
        registry.register(module(tmp_path, TINY.replace('"tinypose"', f'"{name}"')))
    assert registry.files() == []


def test_a_name_of_another_file_is_refused_with_both_places(tmp_path: Path) -> None:
    first, second = module(tmp_path / "a"), module(tmp_path / "b")
    registry.register(first)
    with pytest.raises(ReproError) as error:
        registry.register(second)
    assert str(first) in str(error.value) and str(second) in str(error.value)


def test_no_file_is_one_sentence(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.py", "does not exist"),
        (module(tmp_path, name="net.txt"), "is no Python file"),
        (Path("a\0b.py"), "is no path"),
        (module(tmp_path / "a:b"), "which parts paths"),
    ):
        with pytest.raises(ReproError, match=said):
            registry.register(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("super().__init__()", "super().__init__(), wrong", 11, "NameError: name 'wrong'"),
        ("from torch import Tensor, nn", "import no_such_thing", 4, "ModuleNotFoundError"),
        ("class TinyPose", "1 / 0\nclass TinyPose", 9, "ZeroDivisionError"),
        ("self.stem(images).relu()", "images[0] / {}", 16, "TypeError"),
    ],
)
def test_a_mistake_in_it_is_one_sentence_with_its_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    path = module(tmp_path, TINY.replace(old, new))
    registry.register(path)
    with pytest.raises(ReproError) as error:
        counted(CountRun("tinypose", (64, 48), 17), ("conv",))
    assert f"`{path}`, line {line}: " in str(error.value) and said in str(error.value)


def test_a_builder_of_something_else_is_named(tmp_path: Path) -> None:
    path = module(tmp_path, 'MODELS = {"a": {"builder": "f"}}\ndef f(k): return k')
    registry.register(path)
    with pytest.raises(ReproError, match="`f` gives `int` instead of a network"):
        counted(CountRun("a", (64, 64), 17), ("conv",))
    registry.register(module(tmp_path, 'MODELS = {"a": {"builder": "f"}}\nf = 3'))
    with pytest.raises(ReproError, match="`f` is no function or class"):
        counted(CountRun("a", (64, 64), 17), ("conv",))


def test_any_error_of_a_pass_is_the_networks_own(tmp_path: Path) -> None:
    path = module(tmp_path, TINY.replace("self.stem(images).relu()", "{}[images]"))
    registry.register(path)
    with pytest.raises(RunError, match=r"line 16: KeyError"):
        counted(CountRun("tinypose", (64, 48), 17), ("conv",))


def test_the_environment_of_another_process_names_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = module(tmp_path)
    assert registry.variables() == {}
    registry.register(path)
    given = registry.variables()
    registry.forget()
    monkeypatch.setenv("REPRO_MODULES", given["REPRO_MODULES"])
    registry.load()
    assert registry.owner_of("tinypose") is not None


PACKAGE = {
    "lab/__init__.py": "raise SystemExit('only what is needed is imported')",
    "lab/nets/__init__.py": "",
    "lab/nets/width.py": "WIDTH = 8",
    "lab/nets/pose.py": f"from .width import WIDTH\n{TINY}",
    "lab-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: lab\nVersion: 1\n",
    "lab-1.dist-info/entry_points.txt": "[repro.models]\nlab = lab.nets.pose\n",
}


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    """Install a package with a network, as it would lie among the others."""
    for name, text in {**PACKAGE, **changed}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)


def test_an_installed_package_offers_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch)
    registry.load()
    before = key()
    assert registry.left_out() == [] and registry.variables() == {}
    registry.forget()
    (tmp_path / "lab/nets/width.py").write_text("WIDTH = 9", encoding="utf-8")
    registry.load()
    assert key() != before


def test_a_package_counts_and_its_mistakes_have_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, **{"lab/__init__.py": ""})
    registry.load()
    assert counted(count_run("tinypose", (64, 48)), ("conv",)).params == 2897
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("lab.nets.none", "there is no module `lab.nets.none`"),
        ("nowhere", "there is no module `nowhere`"),
        ("lab.nets.pose:TinyPose", "it names a thing in a module"),
        ("lab.nets.width", "it has no `MODELS`"),
        ("lab", "it has no `MODELS`"),
    ],
)
def test_a_package_that_is_wrong_is_left_out(
    named: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = f"[repro.models]\nlab = {named}\n"
    installed(tmp_path, monkeypatch, **{"lab-1.dist-info/entry_points.txt": points})
    registry.load()
    (error,) = registry.left_out()
    assert said in str(error) and f"`lab = {named}`" in str(error)
