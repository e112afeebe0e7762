"""Grey levels of burned-in pictures: tissue stays below those of outlines and text."""

OUTLINE_LEVEL, TEXT_LEVEL, BRIGHTEST_TISSUE = 255, 250, 240
