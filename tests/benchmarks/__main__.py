"""All benchmarks, one after the other: `make bench`."""

from tests.benchmarks import hunt, report, rsl, simulation

simulation.main()
hunt.main()
rsl.main()
report.main()
