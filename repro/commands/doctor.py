"""This machine: doctor."""

from repro.commands import options
from repro.commands.common import emit
from repro.report.terminal.console import put


def doctor(store: options.StoreDir = options.RECORDS, as_json: options.Json = False) -> None:
    """Look over this machine.

    Example: repro doctor
    """
    from repro.doctor import SIGNS, checks
    from repro.speed import capabilities
    from repro.speed.measure import conditions

    checkups = [*checks(store), *capabilities.checks(), *conditions.checks()]
    if as_json:
        emit("doctor", checks=[check.described() for check in checkups])
        return
    for check in checkups:
        put(f"{SIGNS[check.state]} {check.name}: {check.found}")
        if check.cure:
            put(f"    {check.cure}")
