"""Programs live: their nodes, their clients in a client host or on JSON lines, and Maelstrom's pipes."""
