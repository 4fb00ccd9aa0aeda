"""The network of a live run: every packet passes through the switch, and the network model decides about it."""
