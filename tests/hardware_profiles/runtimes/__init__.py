"""Tests of the runtimes, one by one."""
