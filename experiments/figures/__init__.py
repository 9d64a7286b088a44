"""Figures: rows in, a Plotly figure (a dict) or an SVG string out; pure, no database."""
