"""Imported tables: read, judge, store, roll back and look up numbers that others measured."""
