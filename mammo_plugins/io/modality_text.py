"""What a modality is called where somebody reads it."""

from __future__ import annotations


def modality_text(modality: str | None, computed: bool) -> str:
    """``SM (computed)`` for an SM that software computed from a volume, beside the vendor's; else the modality."""
    return f'{modality or "unknown"} (computed)' if computed else modality or 'unknown'
