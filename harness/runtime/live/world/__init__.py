"""The world of a live run: namespaces, addresses, and processes that cannot leave them; what a machine allows."""
