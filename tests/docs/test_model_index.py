"""``model-index.yml``, its metafiles, ``CITATION.cff`` and the cards of ready models name what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import mammo_plugins
from mammo_plugins.apis.model_bundle import find_bundle
from mammo_plugins.io.model_bundle import CARD, read_bundle_file

ROOT = Path(__file__).parents[2]
METAFILES = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
CONTENTS = {name: yaml.safe_load((ROOT / name).read_text()) for name in METAFILES}
MODELS = [model for content in CONTENTS.values() for model in content['Models']]
RESULTS = [(model['Name'], result) for model in MODELS for result in model.get('Results', [])]


def titles():
    return {
        collection['Name']: collection['Paper']['Title']
        for content in CONTENTS.values()
        for collection in content['Collections']
        if 'Paper' in collection
    }


def test_every_metafile_is_in_the_index():
    written = {*ROOT.glob('projects/*/metafile.yml'), *ROOT.glob('configs/metafile.yml')}
    assert {path.relative_to(ROOT).as_posix() for path in written} == set(METAFILES)


def test_every_config_that_a_user_trains_is_in_a_metafile_and_every_named_file_exists():
    configs = {
        path.relative_to(ROOT).as_posix() for pattern in ('configs/*.py', 'projects/*/configs/*.py')
        for path in ROOT.glob(pattern)
    }  # fmt: skip
    named = {model['Config'] for model in MODELS}
    assert configs - named == set()
    readmes = {collection['README'] for content in CONTENTS.values() for collection in content['Collections']}
    weights = {model['Weights'] for model in MODELS if 'Weights' in model}
    results = {result['File'] for _, result in RESULTS}
    assert [name for name in sorted(named | readmes | weights | results) if not (ROOT / name).is_file()] == []


def test_names_are_unique_and_collections_are_those_of_their_metafile():
    assert len({model['Name'] for model in MODELS}) == len(MODELS)
    for content in CONTENTS.values():
        collections = {collection['Name'] for collection in content['Collections']}
        assert {model['In Collection'] for model in content['Models']} == collections


@pytest.mark.parametrize(('name', 'result'), RESULTS, ids=[name for name, _ in RESULTS])
def test_numbers_are_those_of_the_json(name, result):
    row = json.loads((ROOT / result['File']).read_text())['rows'][result['Row']]
    for text, value in result['Metrics'].items():
        number, reading = text.removesuffix(')').rsplit(' (', 1)
        assert f'{value:.3f}' == f'{row[reading][number]["mean"]["value"]:.3f}', (name, text)


def test_ready_models_are_named_with_a_card_that_cites_their_paper():
    ready = {model['Name']: model for model in MODELS if 'Weights' in model}
    shipped = {path.stem: path for path in ROOT.glob('projects/*/model/*.zip')}
    assert ready.keys() == shipped.keys()
    for name, model in ready.items():
        bundle = find_bundle(str(ROOT / model['Weights']))
        assert bundle.name == name
        assert titles()[model['In Collection']] in bundle.metadata['references']
        assert f'# {name}' in read_bundle_file(bundle.path, CARD).decode()


def test_citation_names_this_version_and_the_five_papers():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert citation['version'] == mammo_plugins.__version__
    assert sorted(reference['title'] for reference in citation['references']) == sorted(titles().values())
    assert all(reference['authors'] and reference['type'] for reference in citation['references'])
    for title, path in ((title, ROOT / f'projects/{folder}/README.md') for folder, title in papers()):
        assert title.lower() in ' '.join(path.read_text().split()).lower(), path


def papers():
    return [
        (Path(name).parent.name, collection['Paper']['Title'])
        for name, content in CONTENTS.items()
        for collection in content['Collections']
        if 'Paper' in collection
    ]
