"""Writes: each function is one transaction; side effects happen on commit."""
