"""Puts the configs of the repository into the wheel; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

REPOSITORY = Path(__file__).resolve().parent
SHIPPED = (
    'configs/**/*.py',
    'projects/*/configs/**/*.py',
    'projects/*/*.py',
    'projects/*/weights/*',
    'projects/*/model/*.zip',
    'model-index.yml',
    'configs/metafile.yml',
    'projects/*/metafile.yml',
)


class BuildWithConfigs(build_py):
    """Copies what ``mammo_plugins.compat.config_paths`` looks for to ``mammo_plugins/.mim``."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'mammo_plugins', '.mim')
        shutil.rmtree(target, ignore_errors=True)
        for pattern in SHIPPED:
            for source in REPOSITORY.glob(pattern):
                if source.is_file():
                    destination = target / source.relative_to(REPOSITORY)
                    destination.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, destination)


setup(cmdclass={'build_py': BuildWithConfigs})
