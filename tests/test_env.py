"""What a process may use: affinity, and the quotas of its control groups on the whole way."""

from pathlib import Path

import pytest

from repro import env

FREE = 64
"""processors that the affinity allows"""


@pytest.fixture(autouse=True)
def many_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(FREE)), raising=False)


def system(folder: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Control groups with these files, and the list of a process's own."""
    groups, listing = folder / "sys/fs/cgroup", folder / "proc/self/cgroup"
    listing.parent.mkdir(parents=True)
    listing.write_text(own)
    for name, text in files.items():
        path = groups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return groups, listing


V1 = "4:memory:/a/b\n3:cpu,cpuacct:/a/b\n1:name=systemd:/\n0::/\n"
CPU = "cpu,cpuacct"
QUOTAS: dict[str, tuple[str, dict[str, str], float]] = {
    "none": ("0::/\n", {}, FREE),
    "unlimited": ("0::/a\n", {"a/cpu.max": "max 100000\n"}, FREE),
    "half": ("0::/\n", {"cpu.max": "50000 100000\n"}, 0.5),
    "own": ("0::/a/b\n", {"a/b/cpu.max": "300000 100000\n"}, 3),
    "no period": ("0::/a\n", {"a/cpu.max": "200000\n"}, 2),
    "parent is less": (
        "0::/a/b/c\n",
        {
            "a/cpu.max": "400000 100000",
            "a/b/cpu.max": "150000 100000",
            "a/b/c/cpu.max": "800000 100000",
        },
        1.5,
    ),
    "gap": ("0::/a/b\n", {"a/cpu.max": "200000 100000"}, 2),
    "another's": ("0::/a\n", {"b/cpu.max": "100000 100000"}, FREE),
    "container that sees itself as the root": (
        "0::/docker/0123\n",
        {"cpu.max": "250000 100000"},
        2.5,
    ),
    "outside": ("0::/../x\n", {"x/cpu.max": "100000 100000"}, 1),
    "hybrid": ("0::/a\n", {"unified/a/cpu.max": "100000 50000"}, 2),
    "v1": (
        V1,
        {f"{CPU}/a/b/cpu.cfs_quota_us": "200000\n", f"{CPU}/a/b/cpu.cfs_period_us": "100000\n"},
        2,
    ),
    "v1 parent": (
        V1,
        {
            f"{CPU}/a/cpu.cfs_quota_us": "100000\n",
            f"{CPU}/a/cpu.cfs_period_us": "100000\n",
            f"{CPU}/a/b/cpu.cfs_quota_us": "-1\n",
            f"{CPU}/a/b/cpu.cfs_period_us": "100000\n",
        },
        1,
    ),
    "v1 link": (
        "3:cpu:/a\n",
        {"cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000"},
        3,
    ),
    "v1 of a container": (
        V1,
        {f"{CPU}/cpu.cfs_quota_us": "150000", f"{CPU}/cpu.cfs_period_us": "50000"},
        3,
    ),
    "shares are no limit": (
        V1,
        {f"{CPU}/a/b/cpu.shares": "2", "a/cpu.weight": "1", f"{CPU}/a/b/cpu.cfs_quota_us": "-1"},
        FREE,
    ),
    "nonsense": ("what is this\n", {"cpu.max": "many words"}, FREE),
    "no period at all": ("0::/\n", {"cpu.max": "100000 0"}, FREE),
    "huge": ("0::/\n", {"cpu.max": "9" * 5000 + " 1"}, FREE),
    "more than there are": ("0::/\n", {"cpu.max": "99900000 100000"}, FREE),
}


@pytest.mark.parametrize("case", QUOTAS)
def test_the_least_of_all_limits_counts(tmp_path: Path, case: str) -> None:
    own, files, expected = QUOTAS[case]
    assert env.allowed_cores(*system(tmp_path, own, files)) == expected


def test_whole_cores_are_at_least_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed, whole in ((0.5, 1), (1.9, 1), (2.0, 2)):
        monkeypatch.setattr(env, "allowed_cores", lambda allowed=allowed: allowed)
        assert env.cores() == whole


def test_libraries_are_limited_where_they_would_take_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "physical_cores", lambda: 8)
    monkeypatch.setattr(env, "allowed_cores", lambda: 3.0)
    assert env.thread_limit() == 3
    monkeypatch.setattr(env, "allowed_cores", lambda: 16.0)
    assert env.thread_limit() is None


def test_no_list_of_groups_is_no_limit(tmp_path: Path) -> None:
    assert env.allowed_cores(tmp_path / "none", tmp_path / "nowhere") == FREE


@pytest.mark.parametrize(
    ("own", "files", "free"),
    [
        ("0::/a\n", {"a/memory.max": "1000\n", "a/memory.current": "400\n"}, 600),
        ("0::/a\n", {"a/memory.max": "1000\n", "a/memory.current": "4000\n"}, 0),
        (
            V1,
            {
                "memory/a/memory.limit_in_bytes": "5000",
                "memory/a/memory.usage_in_bytes": "1000",
                "memory/a/b/memory.limit_in_bytes": "9223372036854771712",
                "memory/a/b/memory.usage_in_bytes": "10",
            },
            4000,
        ),
    ],
)
def test_memory_is_what_every_group_leaves(
    tmp_path: Path, own: str, files: dict[str, str], free: int
) -> None:
    assert env.free_memory(*system(tmp_path, own, files)) == free


def test_unlimited_memory_is_the_machines(tmp_path: Path) -> None:
    groups = system(tmp_path, "0::/a\n", {"a/memory.max": "max\n", "a/memory.current": "4\n"})
    assert env.free_memory(*groups) > 2**20
