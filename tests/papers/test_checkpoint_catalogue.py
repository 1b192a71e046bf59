"""Which checkpoints are published, and finding them on disk."""

import re
from pathlib import Path

import pytest

import zoo
from repro.errors import ReproError
from repro.papers import checkpoint_catalogue, study
from repro.papers.datasets import DATASETS

SIZE = (256, 192)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with no other named by the environment."""
    monkeypatch.delenv("REPRO_DATA", raising=False)
    return tmp_path


def put(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(b"x")
    return paths


@pytest.mark.parametrize("model", zoo.list_models())
def test_every_network_has_a_checkpoint_or_a_reason(model: str) -> None:
    assert bool(checkpoint_catalogue.published(model)) != bool(
        checkpoint_catalogue.unpublished(model)
    )


def test_every_network_that_a_paper_prints_has_an_entry_of_its_own() -> None:
    tables = [
        study.load_table(paper, name)
        for paper in ("paper1", "paper2", "paper3", "paper4")
        for name in study.table_names(paper)
    ]
    printed = {row.model for table in tables for row in table.rows} & set(zoo.MODELS)
    reasons = {model: checkpoint_catalogue.unpublished(model) for model in printed}
    unknown = [
        model
        for model, entry in reasons.items()
        if entry is not None and entry.why == checkpoint_catalogue.NONE_KNOWN
    ]
    assert len(printed) > 30 and not unknown


def test_entries_agree_with_themselves() -> None:
    for one in checkpoint_catalogue.published():
        joints = len(DATASETS[one.dataset].skeleton.joints)
        assert one.page.startswith("https://")
        assert all(side % zoo.MODELS[one.model].stride == 0 for side in one.input)
        assert not one.figures or one.protocol
        assert all(re.fullmatch(r"\d\d(\.\d)?", value) for value in one.figures.values())
        assert ("Mean" in one.figures) <= (joints == 16)
        if one.sha256_begins:
            assert re.fullmatch("[0-9a-f]{8}", one.sha256_begins)
            size = f"{one.input[0]}x{one.input[1]}"
            assert re.search(rf"{size}(_dark)?-{one.sha256_begins}_", one.file or "")
        if one.address:
            assert one.address.startswith("https://") and one.address.endswith(f"/{one.file}")


def test_a_hash_is_recorded_wherever_the_name_carries_one() -> None:
    for one in checkpoint_catalogue.published():
        assert bool(re.search(r"-[0-9a-f]{8}_\d{8}\.pth$", one.file or "")) == bool(
            one.sha256_begins
        )


def test_figures_are_those_of_the_tables() -> None:
    def figure(model: str, size: tuple[int, int], metric: str) -> list[str]:
        return [
            one.figures[metric]
            for one in checkpoint_catalogue.published(model)
            if one.input == size and not one.another_training
        ]

    assert figure("lpn_50", SIZE, "AP") == ["69.1"]
    assert figure("litehrnet_18", SIZE, "AP") == ["64.8", "64.2"]
    assert figure("hrnet_w32", (384, 288), "AP") == ["75.8"]
    assert figure("ditehrnet_30", (256, 256), "Mean") == ["87.6"]


def test_another_training_is_listed_but_never_quoted() -> None:
    others = [one for one in checkpoint_catalogue.published() if one.another_training]
    assert len(others) == 41 and all(one.address for one in others)
    for one in others:
        quoted = checkpoint_catalogue.quoted(one.model, one.dataset, one.input)
        assert one.file is not None and one.file not in quoted


def test_a_data_set_in_the_name_narrows_the_list() -> None:
    assert {one.dataset for one in checkpoint_catalogue.published("litepose_s")} == {
        "coco",
        "crowdpose",
    }
    assert {one.dataset for one in checkpoint_catalogue.published("litepose_s_coco")} == {"coco"}
    assert checkpoint_catalogue.published("higherhrnet_w32_crowdpose") == []


def test_an_unknown_model_offers_the_near_ones() -> None:
    with pytest.raises(ReproError, match="There is no model `lpn_51`") as error:
        checkpoint_catalogue.published("lpn_51")
    assert "`lpn_50`" in error.value.hint


def test_a_hash_tells_a_file_whatever_its_name() -> None:
    sha256 = "6bace359" + 56 * "0"
    assert [one.model for one in checkpoint_catalogue.known("mine.pth", sha256)] == ["litehrnet_18"]
    other = checkpoint_catalogue.known("litehrnet18_coco_256x192-6bace359_20211230.pth", 64 * "0")
    assert [one.is_genuine(64 * "0") for one in other] == [False]
    unhashed = checkpoint_catalogue.known("lpn_50_256x192.pth", sha256=64 * "1")
    assert [one.is_genuine(64 * "1") for one in unhashed] == [None]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('publisher = "lpn"', 'publisher = "lpm"', "There is no publisher `lpm`"),
        ('model = "lpn_101"', 'model = "lpn_102"', "There is no model `lpn_102`"),
        ('protocol = "mpii"', 'protocol = "mpi"', "There is no protocol `mpi`"),
        ('dataset = "mpii"', 'dataset = "mpi"', "There is no data set `mpi`"),
        ("AP50", "AP5O", "There is no metric `AP5O`"),
        ("[protocols]", "[protocol]", "There is no key `protocol`"),
        ("[protocols]", "[protocols", "is no TOML"),
    ],
)
def test_a_wrong_catalogue_is_one_sentence(
    own_tables: Path, old: str, new: str, message: str
) -> None:
    file = own_tables / "weights.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReproError, match=re.escape(message)) as error:
        checkpoint_catalogue.published()
    assert "weights.toml" in str(error.value)


def test_a_missing_catalogue_is_one_sentence(own_tables: Path) -> None:
    (own_tables / "weights.toml").unlink()
    with pytest.raises(ReproError, match="cannot be read"):
        checkpoint_catalogue.published()


def test_what_is_present_is_listed_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = put(data / "weights", "a.pth", "b.safetensors")
    coco = put(data / "weights" / "pose_coco", "c.pth")
    beside = put(data, "d.pth.tar", "notes.txt")[:1]
    monkeypatch.setenv("REPRO_DATA", str(data))
    assert checkpoint_catalogue.present(data) == [*coco, *inside, *beside]
    assert checkpoint_catalogue.present() == [*coco, *inside]


def test_nothing_is_present_where_no_folder_is(data: Path) -> None:
    assert checkpoint_catalogue.present() == []
    assert checkpoint_catalogue.find(None, "lpn_50", "coco", SIZE) is None
    with pytest.raises(ReproError, match="is not a folder"):
        checkpoint_catalogue.present(data / "absent")


def test_the_published_file_comes_first(data: Path) -> None:
    own, published = put(data, "lpn_50_256x192_coco.pth", "lpn_50_256x192.pth")
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE) == published
    published.unlink()
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE) == own


def test_a_name_is_taken_as_it_is(data: Path) -> None:
    (path,) = put(data / "weights", "mine.bin")
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE, "mine.bin") == path
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE, "other.bin") is None


@pytest.mark.parametrize(
    "name",
    [
        "lpn_50_256x192_coco.pth",
        "lpn_50_256x192_coco.safetensors",
        "lpn_50_256x192_coco.pt",
        "lpn_50_256x192_coco.tar",
        "lpn_50_256x192_coco.pth.tar",
        "lpn_50_256x192_coco-seed1.pth",
        "lpn_50_256x192_coco.epoch150.pth.tar",
    ],
)
def test_our_convention_names_a_file(data: Path, name: str) -> None:
    put(data, "lpn_50_256x192_coco2.pth", "lpn_50_384x288_coco.pth", "lpn_50_256x192_mpii.pth")
    put(data, "xlpn_50_256x192_coco.pth", "lpn_50_256x192_coco.txt", "lpn_50_nogc_256x192_coco.pth")
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE) is None
    (path,) = put(data, name)
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE) == path


def test_a_data_set_may_be_named_twice(data: Path) -> None:
    (path,) = put(data, "litepose_s_448x448_crowdpose.pth")
    assert checkpoint_catalogue.find(data, "litepose_s_crowdpose", "crowdpose", (448, 448)) == path
    path = path.rename(data / "litepose_s_crowdpose_448x448_crowdpose.pth")
    assert checkpoint_catalogue.find(data, "litepose_s_crowdpose", "crowdpose", (448, 448)) == path


def test_the_plain_name_wins_and_two_others_are_refused(data: Path) -> None:
    put(data, "lpn_50_256x192_coco_a.pth", "lpn_50_256x192_coco_b.pth")
    with pytest.raises(ReproError, match=r"`lpn_50_256x192_coco_a\.pth`, `lpn_50_256x192_coco_b"):
        checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE)
    _, safe = put(data, "lpn_50_256x192_coco.pth", "lpn_50_256x192_coco.safetensors")
    assert checkpoint_catalogue.find(data, "lpn_50", "coco", SIZE) == safe


def test_the_folder_given_wins_over_the_environment(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "lpn_50_256x192.pth"
    (of_environment,) = put(data / "environment" / "weights", name)
    (given,) = put(data / "given", name)
    monkeypatch.setenv("REPRO_DATA", str(data / "environment"))
    assert checkpoint_catalogue.find(data / "given", "lpn_50", "coco", SIZE) == given
    assert checkpoint_catalogue.find(None, "lpn_50", "coco", SIZE) == of_environment


def test_files_kept_by_data_set_are_told_apart(data: Path) -> None:
    name = "pose_resnet_50_256x256.pth"
    put(data / "pose_coco", name)
    (mpii,) = put(data / "pose_mpii", name)
    assert checkpoint_catalogue.find(data, "simplebaseline_resnet50", "mpii", (256, 256)) == mpii
