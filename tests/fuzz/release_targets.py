"""Converters under test: a small release of each data set, whose tables and outlines are damaged."""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.datasets.converters import CONVERTERS, ConversionError
from mammo_plugins.io import read_annotations, write_annotations
from tests.datasets.converters.bcs_dbt_release import BcsDbtRelease
from tests.datasets.converters.cbis_ddsm_release import CbisDdsmRelease
from tests.datasets.converters.cmmd_release import CmmdRelease
from tests.datasets.converters.ddsm_release import DdsmRelease, abnormality, overlay
from tests.datasets.converters.embed_release import EmbedRelease
from tests.datasets.converters.inbreast_release import SQUARE, InbreastRelease
from tests.datasets.converters.omi_db_release import OmiDbRelease, biopsy, mark
from tests.datasets.converters.rsna_2022_release import Rsna2022Release
from tests.datasets.converters.t_synth_release import SHAPE, TSynthRelease
from tests.datasets.converters.vindr_mammo_release import VindrMammoRelease

from .ddsm_mutations import mutate_ics, mutate_overlay
from .hostile_case import ReplacedFiles
from .mutations import HOSTILE_JSON, HOSTILE_TEXTS, mutate_bytes, mutate_json, mutate_table

Mutate = Callable[[Random, bytes], bytes]


class ReleaseTarget:
    """A converter and everything that it reads besides images.

    Args:
        name: of the data set.
        cases: how many are run by default.
        build: writes the release into a folder.
        kinds: pattern of file names to the damage that is done to such files.
    """

    errors = (ConversionError,)

    def __init__(self, name: str, cases: int, build: Callable[[Path], None], kinds: dict[str, Mutate]) -> None:
        self.name, self.cases, self._build, self._kinds = name, cases, build, kinds

    def set_up(self, folder: Path) -> None:
        self.src = folder / 'release'
        self._build(self.src)
        self._damaged = {
            path: mutate for pattern, mutate in self._kinds.items() for path in sorted(self.src.rglob(pattern))
        }
        self._files = ReplacedFiles(self.src)

    def damage(self, rng: Random) -> None:
        for path in rng.sample(list(self._damaged), min(len(self._damaged), rng.choice((1, 1, 1, 2)))):
            if rng.random() < 0.03:
                self._files.link(path, rng.choice(('/etc/passwd', path.name, '..', '/dev/null', 'nowhere')))
            else:
                self._files.replace(path, self._damaged[path](rng, path.read_bytes()))

    def read(self, out: Path) -> None:
        """What a converter gives can be written, and read back."""
        converted = CONVERTERS[self.name](self.src, workers=0, show_progress=False)  # in this process
        write_annotations(out / 'annotations.json', converted)
        read_annotations(out / 'annotations.json')

    def restore(self) -> None:
        self._files.restore()

    def names(self) -> tuple[str, ...]:
        return (str(self.src), *(path.name for path in self._damaged))


def bcs_dbt() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = BcsDbtRelease(folder)
        release.add(1, 'lcc', 'cancer')
        release.add(2, 'rmlo', split='test')
        release.add_box(1, 'lcc')
        release.write()

    return ReleaseTarget('bcs-dbt', 400, build, {'*.csv': mutate_table})


def phantom() -> ReleaseTarget:
    def build(folder: Path) -> None:
        make_phantoms(folder, cases=1, seed=5, size='96x64x12', split=(1, 0, 0))

    return ReleaseTarget('phantom', 300, build, {'*.csv': mutate_table, '*mask*.png': mutate_bytes})


def vindr_mammo() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = VindrMammoRelease(folder)
        for study, split in (('s1', 'training'), ('s2', 'test')):
            release.add_finding(release.add(study, 'L-CC', birads=5, split=split), birads=5)
            release.add_finding(release.add(study, 'R-MLO', split=split), None, ['No Finding'], None)
        release.write()

    return ReleaseTarget('vindr-mammo', 400, build, {'*.csv': mutate_table})


def cbis_ddsm() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = CbisDdsmRelease(folder)
        release.add(1, 'LEFT', 'CC')
        release.add(2, 'RIGHT', 'MLO', kind='calc', split='test')
        release.write()

    return ReleaseTarget('cbis-ddsm', 300, build, {'*.csv': mutate_table})


def cmmd() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = CmmdRelease(folder)
        release.add_breast()
        release.add_breast('D2-0002', 'R', 'Malignant', 'both', subtype='HER2')
        release.write()

    return ReleaseTarget('cmmd', 300, build, {'*.csv': mutate_table})


def rsna_2022() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = Rsna2022Release(folder)
        release.add(7, cancer=1)
        release.add(8, 'R-MLO', table='test')
        release.write()

    return ReleaseTarget('rsna-2022', 300, build, {'*.csv': mutate_table})


def embed() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = EmbedRelease(folder)
        release.add(1, 11, 'L-CC', regions=[(4, 6, 14, 20)])
        release.add(1, 11, 'R-MLO', kind='cview')
        release.add_finding(11, 'L', 'S', '0', massshape='X')
        release.add_finding(11, 'R', 'N')
        release.write()

    return ReleaseTarget('embed', 400, build, {'*.csv': mutate_table})


def omi_db() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = OmiDbRelease(folder)
        release.add_episode(surgery=biopsy(left='Malignant', L1='B5'))
        release.add_image(marks={'10241': mark()})
        release.add_image('1.2.3.2', side='R', view='MLO')
        release.write()

    return ReleaseTarget('omi-db', 500, build, {'*.json': mutate_json})


def ddsm() -> ReleaseTarget:
    def build(folder: Path) -> None:
        texts = {'LEFT_CC': overlay(abnormality(), abnormality((1, 1, 20, 30), 'BENIGN', assessment='3'))}
        DdsmRelease(folder).add(overlays=texts)

    return ReleaseTarget('ddsm', 700, build, {'*.ics': mutate_ics, '*.OVERLAY': mutate_overlay})


def inbreast() -> ReleaseTarget:
    def build(folder: Path) -> None:
        release = InbreastRelease(folder)
        release.add(birads='5', rois=[('Mass', SQUARE), ('Calcification', [(3, 3)])])
        release.add(20586909, 'L', 'MLO', '1')
        release.write()

    kinds = {'*.csv': partial(mutate_table, delimiter=';'), '*.xml': mutate_plist}
    return ReleaseTarget('inbreast', 900, build, kinds)


def t_synth() -> ReleaseTarget:
    def build(folder: Path) -> None:
        mask = np.zeros(SHAPE, bool)
        mask[2, 4:8, 10:16] = True
        TSynthRelease(folder).add_volume(loc='12 5 2 2\n', mask=mask)  # alone: without it nothing is left

    kinds = {'*.mhd': mutate_bytes, '*.loc': mutate_bytes, '*.h5': mutate_bytes}
    return ReleaseTarget('t-synth', 500, build, kinds)


_PLIST_START = b'<!DOCTYPE plist PUBLIC'
_ENTITIES = b'<!DOCTYPE plist [<!ENTITY a "' + b'x' * 1000 + b'">' + b''.join(
    b'<!ENTITY %s "%s">' % (bytes([98 + n]), b'&%s;' % bytes([97 + n]) * 50) for n in range(8)
) + b'<!ENTITY file SYSTEM "file:///etc/passwd">]>'  # fmt: skip


def mutate_plist(rng: Random, content: bytes) -> bytes:
    """Outlines with entities, absurd nesting, hostile values or broken bytes."""
    kind = rng.random()
    if kind < 0.35:
        return mutate_bytes(rng, content)
    if kind < 0.45:
        name = rng.choice((b'&i;', b'&e;', b'&a;', b'&file;', b'&unknown;', b'&#0;', b'&#x110000;'))
        start = content.index(_PLIST_START)
        end = content.index(b'>', start) + 1
        return content[:start] + _ENTITIES + content[end:].replace(b'Mass', name)
    if kind < 0.55:
        depth = rng.choice((500, 5_000, 100_000))
        nested = b'<array>' * depth + b'</array>' * depth
        return content.replace(rng.choice((b'<string>Mass</string>', b'<integer>4</integer>')), nested)
    if kind < 0.6:
        return rng.choice(
            (plistlib.dumps({'Images': [{'ROIs': []}]}, fmt=plistlib.FMT_BINARY), b'bplist00' + bytes(99))
        )
    if kind < 0.75:
        number = b'0x' + b'f' * 9000 if rng.random() < 0.5 else b'9' * rng.choice((30, 5000))
        return content.replace(b'<integer>4<', b'<integer>' + number + b'<')
    old = rng.choice((b'(4, 6)', b'Mass', b'(14, 20)', b'<integer>4</integer>', b'<array>', b'<key>ROIs</key>'))
    new = rng.choice(
        (*HOSTILE_TEXTS, '(1e308, -1e308)', '(nan, 1)', '(-1e308, 5)', f'({"9" * 400}, 1)', *map(str, HOSTILE_JSON))
    )
    escaped = new.replace('&', '&amp;').replace('<', '&lt;').encode('utf-8', 'replace')
    return content.replace(old, escaped, rng.choice((1, -1)))


TARGETS = (bcs_dbt, phantom, vindr_mammo, cbis_ddsm, cmmd, rsna_2022, embed, omi_db, ddsm, inbreast, t_synth)
