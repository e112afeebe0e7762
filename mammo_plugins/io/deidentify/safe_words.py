"""Descriptions, of which only words that the field uses for views and techniques stay (Clean Descriptors Option)."""

from __future__ import annotations

import re

_WORDS = frozenset(
    """
    l r lt rt left right bilateral both cc mlo ml lm lmo xcc xccl xccm sio iso fb at cv rcc lcc rmlo lmlo rml lml rlm
    llm mammo mammogram mammography breast view views image images screening screen diagnostic routine standard
    ffdm sm dbt tomo tomosynthesis synthesis synthetic combo 2d 3d c-view s-view v-preview insight intelligent computed
    volume slice slices slab projection projections raw processed processing presentation
    spot mag mags magview magnification magnified magnif compression cone paddle roll rolled tangential cleavage
    axillary tail implant implants displaced id eklund full partial
    stereo stereopair stereotactic biopsy biopsies post pre prefire postfire pre-fire post-fire scout scouts localizer
    localiser localization localisation needle wire hook specimen faxitron cesm cedm contrast enhanced contrast-enhanced
    recombined subtraction low high energy calibration flat field qc qa quality control phantom phantoms cropped roi
    mask masks unsharp findings without
    """.split()
)
_WORD = re.compile(r'[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*')


def is_safe_word(word: str) -> bool:
    """Whether a word is one of the field, in any spelling."""
    return word.lower() in _WORDS


def keep_safe_words(text: str) -> str:
    """The words of a text that are on the list, in their order; those between hyphens too, where the whole is not."""
    words = (part for word in _WORD.findall(text) for part in ([word] if is_safe_word(word) else word.split('-')))
    return ' '.join(word for word in words if is_safe_word(word))
