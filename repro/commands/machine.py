"""This machine: doctor."""

from repro.commands.common import RECORDS, Json, StoreDir, emit


def doctor(store: StoreDir = RECORDS, as_json: Json = False) -> None:
    """Look over this machine.

    Example: repro doctor
    """
    from repro import doctor as looking
    from repro.speed import capabilities
    from repro.speed.measure import conditions

    checks = [*looking.checks(store), *capabilities.checks(), *conditions.checks()]
    if as_json:
        emit("doctor", checks=[check.described() for check in checks])
        return
    for check in checks:
        print(f"{looking.SIGNS[check.state]} {check.name}: {check.found}")
        if check.cure:
            print(f"    {check.cure}")
