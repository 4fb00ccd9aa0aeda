"""Whether this machine allows network namespaces with TUN interfaces."""

from __future__ import annotations

import pytest
import trio

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world import open_world


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skips the test where the machine has none."""

    async def try_it() -> None:
        async with open_world(["n1"]):
            pass

    try:
        trio.run(try_it)
    except MachineError as error:
        pytest.skip(str(error))
