"""The live runtime: real processes, real packets, the wall clock."""
