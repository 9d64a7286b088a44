"""The REST API: thin views; services write, selectors read."""
