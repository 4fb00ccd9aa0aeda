"""Compiled code is kept between processes, and never longer than the source that it came from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import clew.checkers.kernel

IMPORT = "from toy.kernel import kernel\n"
INNER = IMPORT + "@kernel\ndef inner():\n    return {}\n"
OUTER = IMPORT + "from toy.inner import inner\n@kernel\ndef outer():\n    return inner()\n"
ASK = "from toy.outer import outer\nprint(outer(), sum(outer.stats.cache_hits.values()))"


def test_a_kernel_is_compiled_again_when_what_it_calls_in_another_file_changes(tmp_path: Path) -> None:
    package = tmp_path / "toy"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(clew.checkers.kernel.__file__, package)
    (package / "outer.py").write_text(OUTER)

    def ask() -> str:
        return subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True).stdout.strip()

    (package / "inner.py").write_text(INNER.format(1))
    assert ask() == "1 0"
    assert ask() == "1 1"
    (package / "inner.py").write_text(INNER.format(2))
    assert ask() == "2 0"
