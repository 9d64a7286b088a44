"""Tests of the whole: the real stack under its supervisor, over HTTP, sockets and a browser."""
