"""The key-value histories of porcupine's tests: EDN maps with a key, without times.

{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clew.histories.edn import load as load_edn
from clew.histories.event import FORMAT, Header
from clew.histories.history import History


def load(path: Path) -> History:
    """Read a history of the model `kv`. Raises `HistoryError` with the line for a malformed event."""
    history = load_edn(path, keyed=False)
    for row in range(len(history)):
        if history.process[row] >= 0 and history.keys[history.key[row]] is None:
            raise history.failure(row, "expected a :key, found none")
    return replace(history, header=Header(FORMAT, model="kv", clock=history.clock))
