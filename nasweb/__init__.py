"""Wiring: settings, routes, queue and supervisor. Nobody imports this package."""
