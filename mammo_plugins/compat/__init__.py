"""The one place that knows library versions: operators, checkpoints, decoders and installed files.

Nothing here imports torch or mmcv before it is used, so that the doctor runs where they are broken.
"""

from .checkpoints import (
    UnreadableCheckpointError,
    UntrustedCheckpointError,
    install_safe_checkpoint_loading,
    load_checkpoint_file,
)
from .downloads import UnreachableFileError
from .library_messages import quiet_libraries
from .mmcv_ops import MissingOpError, install_mmcv_ops

__all__ = [
    'MissingOpError',
    'UnreachableFileError',
    'UnreadableCheckpointError',
    'UntrustedCheckpointError',
    'install_mmcv_ops',
    'install_safe_checkpoint_loading',
    'load_checkpoint_file',
    'quiet_libraries',
]
