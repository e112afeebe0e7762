"""The site: `make docs` builds it from the Markdown of the whole repository, whose links hold on a forge as well."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / 'docs/_ext')]

from mammo_plugins import __version__  # noqa: E402

project = 'mammo_plugins'
author = 'the mammo_plugins team'
release = version = __version__

extensions = ['myst_parser', 'page_lists', 'folder_links', 'command_reference', 'config_reference', 'class_reference']
root_doc = 'docs/index'
include_patterns = ['AGENTS.md', 'CHANGELOG.md', 'README.md', 'docs/*.md', 'docs/**/*.md', 'projects/*/README.md']
# Folders that are not walked through; they may be large.
exclude_patterns = [
    '.*', 'build', 'configs', 'data', 'demo', 'dist', 'mammo_plugins', 'study', 'tests', 'tools', 'work_dirs',
    '**/results',
]  # fmt: skip
myst_heading_anchors = 3

html_theme = 'furo'
html_title = f'mammo_plugins {version}'
html_extra_path = ['_site']  # the first page of the folder leads to docs/index.html
html_copy_source = False
html_show_copyright = False
