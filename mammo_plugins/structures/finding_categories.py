"""Categories of findings that more than one part of the project knows by name."""

UNKNOWN_CLASS = 'other'
"""Of findings that a release marks without saying whether they are malignant or benign."""
