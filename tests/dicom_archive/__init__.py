"""A real archive (Orthanc) that a test starts, asks and ends."""

from .orthanc import Orthanc, running_orthanc

__all__ = ['Orthanc', 'running_orthanc']
