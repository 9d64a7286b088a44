"""Migrations of the product."""
