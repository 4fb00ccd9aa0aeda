"""All benchmarks, one after the other: `make bench`."""

from tests.benchmarks import simulation

simulation.main()
