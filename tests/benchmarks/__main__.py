"""All benchmarks, one after the other: `make bench`."""

import sys

from tests.benchmarks import checker, hunt, memory, report, rsl, simulation

# Each reads options of its own.
del sys.argv[1:]
simulation.main()
hunt.main()
rsl.main()
checker.main()
memory.main()
report.main()
