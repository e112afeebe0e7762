"""A small part of OMI-DB on disk, written client by client."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mammo_plugins.io.dicom_modality import MG_FOR_PROCESSING
from tests.io.dicom_builder import mammogram, save

HEIGHT, WIDTH = 40, 30
STUDY = '1.2.826.0.1.3680043.9.3218.1.1.6829.96.15.288.0'


class OmiDbRelease:
    """Writes images and collects records; :meth:`write` writes the JSON files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: dict[str, dict] = {}
        self.episodes: dict[str, dict] = {}
        for name in ('data', 'images'):
            (folder / name).mkdir(parents=True)

    def add_episode(self, client='optm1', episode='7', kind='R', **events) -> dict:
        """An episode of screening; events by their lower-case names."""
        content = {'EpisodeType': kind, 'SCREENING': {'L': {'Opinion': 'RN'}, 'R': {'Opinion': 'RN'}}}
        content.update({name.upper(): event for name, event in events.items()})
        record = self.episodes.setdefault(client, {'ClientID': client, 'Classification': 'N'})
        record[episode] = content
        return content

    def add_image(self, number='1.2.3.1', client='optm1', study=STUDY, episode='7', side='L', view='CC', marks=None,
                  raw=False, **elements) -> Path:  # fmt: skip
        """An image with its entry; marks by their id."""
        record = self.images.setdefault(client, {'ClientID': client, 'Site': 'adde', 'STUDIES': {}})
        entry = record['STUDIES'].setdefault(study, {'EpisodeID': episode, 'StudyDate': '2012-01-01'})
        entry[f'{number}.0'] = {number: marks}
        kind = {'SOPClassUID': MG_FOR_PROCESSING, 'PresentationIntentType': 'FOR PROCESSING'} if raw else {}
        header = {'ImageLaterality': side, 'ViewPosition': view, **kind, **elements}
        path = self.folder / 'images' / client / study / f'{number}.dcm'
        return save(mammogram(np.zeros((HEIGHT, WIDTH), np.uint16), **header), path)

    def write(self, capitals=False) -> Path:
        for kind, records in (('imagedb', self.images), ('nbss', self.episodes)):
            for client, content in records.items():
                folder = self.folder / 'data' / client
                folder.mkdir(exist_ok=True)
                name = f'{kind.upper() if capitals else kind}_{client}.json'
                (folder / name).write_text(json.dumps(content))
        return self.folder


def mark(box=(4, 6, 14, 20), lesions='1', **flags) -> dict:
    """A mark with texts for numbers, as the database has them."""
    edges = dict(zip(('X1', 'Y1', 'X2', 'Y2'), map(str, box), strict=True))
    return {'MarkID': 10241, 'LinkedNBSSLesionNumber': lesions, 'Conspicuity': 'Subtle', **edges, **flags}


def biopsy(left=None, right=None, **lesions) -> dict:
    """A biopsy or surgery event: opinions of the breasts, and of lesions such as ``L1='B5'``."""
    event: dict = {'left_opinion': left, 'right_opinion': right}
    for name, opinion in lesions.items():
        event.setdefault(name[0], {})[name[1:]] = {'Opinion': opinion}
    return event
