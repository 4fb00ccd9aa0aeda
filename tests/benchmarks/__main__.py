"""All benchmarks, one after the other: `make bench`."""

from tests.benchmarks import hunt, simulation

simulation.main()
hunt.main()
