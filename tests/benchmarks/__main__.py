"""All benchmarks, one after the other: `make bench`."""

from tests.benchmarks import hunt, rsl, simulation

simulation.main()
hunt.main()
rsl.main()
