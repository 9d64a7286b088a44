"""Tests of devices and measuring."""
