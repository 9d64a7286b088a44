"""Colours of both themes: readable text, visible controls."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[3] / "static/css/tokens.css"
SURFACES = ("bg", "surface", "surface-sunken", "surface-hover", "surface-selected")
INKS = ("text", "text-2", "text-3", "link", "danger", "warning", "success")


def colours(theme: str) -> dict[str, tuple[float, float, float]]:
    """Hexadecimal tokens of a theme; dark ones override light ones."""
    light, dark = CSS.read_text().split('[data-theme="dark"]')
    text = light + dark if theme == "dark" else light
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6})", text)
    return {name: tuple(int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, code in found}


def luminance(rgb: tuple[float, float, float]) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("surface", SURFACES)
def test_text_is_readable_on_every_surface(theme, ink, surface):
    palette = colours(theme)
    assert contrast(palette[ink], palette[surface]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "fill", ["primary-fill", "primary-fill-hover", "danger-fill", "danger-fill-hover"]
)
def test_text_on_buttons_is_readable(theme, fill):
    palette = colours(theme)
    assert contrast(palette["text-on-fill"], palette[fill]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "edge", ["control-border", "focus", "axis-line", "c-accuracy", "c-latency"]
)
def test_edges_and_marks_stand_out(theme, edge):
    palette = colours(theme)
    assert contrast(palette[edge], palette["surface"]) >= 3
