"""The device endpoints of the REST API."""
