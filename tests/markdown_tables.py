"""Tables of the documentation, so that tests can compare them with what they claim."""

from __future__ import annotations

import re


def read_tables(text: str) -> list[list[dict[str, str]]]:
    """Every Markdown table as a list of dictionaries from column to cell, emphasis taken off."""
    found = []
    for block in re.findall(r'(?:^\|.*\|\n)+', text, flags=re.MULTILINE):
        header, _, *rows = ([cell.strip(' *`') for cell in line.strip('|').split('|')] for line in block.splitlines())
        found.append([dict(zip(header, row)) for row in rows])
    return found
