"""Devices and what they cost: models, measured latency, the admin and the device endpoints."""
