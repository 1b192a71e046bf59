"""The list of a store, page by page."""

from pathlib import Path

from repro.records.store import Store
from support.command_line import Run, parsed
from support.small_record import record


def test_a_page_is_listed_unless_all_is_asked_for(repro: Run, tmp_path: Path) -> None:
    for number in range(3):
        Store(tmp_path / "records").add(record(key=f"{number:064x}"))
    page = parsed(repro("records", "ls", "--limit", "2", "--json").out)
    assert len(page["records"]) == 2 and page["total"] == 3
    whole = parsed(repro("records", "ls", "--limit", "2", "--all", "--json").out)
    assert len(whole["records"]) == whole["total"] == 3
    assert whole["records"][:2] == page["records"]
    told = repro("records", "ls", "--limit", "2")
    assert "3 records in records, of which these are the newest 2" in told.err
    assert repro("records", "ls").err.endswith("3 records in records\n")
    assert repro("records", "ls", "--limit", "0").code == 2


def test_an_empty_store_lists_nothing(repro: Run) -> None:
    assert parsed(repro("records", "ls", "--json").out)["records"] == []
    assert not Path("records").exists()
