"""The colours of the style sheet as values, and which ink stands on which ground: for the design page and its test."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHEET = Path(__file__).parent / "static" / "css" / "tokens.css"
READABLE = 4.5
"""WCAG 2.2 AA, text."""
VISIBLE = 3.0
"""Edges of controls, focus rings, marks in charts."""

INKS = (
    ("ink", "ground"), ("ink", "surface"), ("ink", "sunken"), ("ink-soft", "ground"), ("ink-soft", "surface"),
    ("ink-soft", "sunken"), ("brand", "surface"), ("brand", "ground"), ("brand", "brand-tint"), ("on-brand", "brand"),
    ("on-brand", "brand-strong"), ("ok", "ok-tint"), ("warn", "warn-tint"), ("bad", "bad-tint"),
    ("info", "info-tint"), ("idle", "idle-tint"), ("ok", "surface"), ("warn", "surface"), ("bad", "surface"),
    ("info", "surface"), ("surface", "bad"), ("surface", "ok"), ("rail-ink", "rail"), ("rail-soft", "rail"),
    ("rail-ink", "rail-here"),
)  # fmt: skip
EDGES = (
    ("line-strong", "surface"), ("line-strong", "ground"), ("focus", "surface"), ("focus", "ground"),
    ("ok-fill", "surface"), ("warn-fill", "surface"), ("bad-fill", "surface"), ("calm-fill", "surface"),
    ("blinded-fill", "surface"), ("moved-fill", "surface"),
)  # fmt: skip
PAIRS = {"ink": INKS, "edge": EDGES}
"""What is written on what, and what must be told from what."""


@dataclass(frozen=True, slots=True)
class Theme:
    name: str
    colours: dict[str, str]
    """`#rrggbb` by token."""

    def contrast(self, one: str, other: str) -> float:
        """From 1 to 21."""
        lighter, darker = sorted((_luminance(self.colours[name]) for name in (one, other)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)


@cache
def themes() -> tuple[Theme, ...]:
    """Light, then dark: as chosen on the page, and as the system asks."""
    blocks = re.findall(r"([^{}]+)\{([^{}]*)\}", SHEET.read_text(encoding="utf-8"))
    named = ((head, dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", body))) for head, body in blocks)
    full = [colours for _, colours in named if "ink" in colours]
    return tuple(Theme(name, colours) for name, colours in zip(("light", "dark", "system"), full, strict=True))


def _luminance(colour: str) -> float:
    """Relative, as WCAG defines it."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
