"""Runs as text, pages and pictures."""
