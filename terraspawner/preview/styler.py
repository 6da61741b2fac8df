"""The style sheets that pandas puts before a coloured table: rules for that table and nothing else."""

from __future__ import annotations

import re
from typing import Any

import tinycss2
from markupsafe import Markup

from terraspawner.preview.clean import PREFIX, STYLES, is_style_value

_SHEET = re.compile(r"<style[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_SELECTOR = re.compile(r"#T_[\w-]+(?:(?:\s*>\s*|\s+)?(?:[\w-]+|[.:][\w-]+|#T_[\w-]+))*")
MOST = 500_000
"""Characters of style sheets in one output."""


def styles_of(html: str) -> Markup:
    """A sheet with the rules in `html` whose every selector begins with a table's id."""
    if "#T_" not in html:
        return Markup()
    sheets = "\n".join(_SHEET.findall(html))
    if not sheets or len(sheets) > MOST:
        return Markup()
    rules = tinycss2.parse_stylesheet(sheets, skip_comments=True, skip_whitespace=True)
    kept = "\n".join(filter(None, (_rule(rule) for rule in rules)))
    # S704: only what the two patterns and the list of properties let through
    return Markup(f"<style>{kept}</style>") if kept and "<" not in kept else Markup()  # noqa: S704


def _rule(rule: Any) -> str:
    if rule.type != "qualified-rule":
        return ""
    selectors = [part.strip() for part in tinycss2.serialize(rule.prelude).split(",")]
    if not all(_SELECTOR.fullmatch(selector) for selector in selectors):
        return ""
    declarations = []
    for item in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
        if item.type == "declaration" and item.lower_name in STYLES:
            value = tinycss2.serialize(item.value).strip()
            if is_style_value(value):
                declarations.append(f"{item.lower_name}:{value}{'!important' if item.important else ''}")
    named = ",".join(selector.replace("#T_", f"#{PREFIX}T_") for selector in selectors)
    return f"{named}{{{';'.join(declarations)}}}" if declarations else ""
