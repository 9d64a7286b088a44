"""The client's version, told to the server and stored with every measurement."""

VERSION = "0.1.0"
