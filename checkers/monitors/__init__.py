"""Algorithms that decide special histories in about the time it takes to sort them."""
