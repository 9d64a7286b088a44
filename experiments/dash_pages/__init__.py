"""Dash inside Django: hosting, bundles, and one file per page with its charts and callbacks."""
