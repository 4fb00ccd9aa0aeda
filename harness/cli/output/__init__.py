"""How results, tables and progress look on a terminal."""
