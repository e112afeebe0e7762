"""What is in a file or folder of a user: images, exams, and what has to be left out."""

from .finding import FoundImages, find_images

__all__ = ['FoundImages', 'find_images']
