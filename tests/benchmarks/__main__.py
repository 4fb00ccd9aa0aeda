"""All benchmarks, one after the other: `make bench`."""

from tests.benchmarks import rsl, simulation

simulation.main()
rsl.main()
