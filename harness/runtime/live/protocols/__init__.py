"""Our own protocols live: hosts for their nodes, clients in the harness, messages as datagrams."""
