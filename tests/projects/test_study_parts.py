"""Every config that a study of ``projects/`` runs, in every preset: its pipelines and its model can be built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mmdet.registry import MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mammo_plugins.apis.study import find_study
from mammo_plugins.apis.study.placeholders import has_reference
from mammo_plugins.apis.study.seed_folder import SeedFolder

PROJECTS = sorted(path.parent.name for path in Path(__file__).parents[2].glob('projects/*/study.py'))
PRESETS = [(project, preset) for project in PROJECTS for preset in find_study(project).presets]


def parts_of(cfg: Config) -> dict[str, tuple]:
    """Name to registry and config of what needs no data; what takes files of other stages is left out."""
    parts = {'model': (MODELS, cfg.model)}
    for holder in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(holder) or {}).get('dataset', {})
        for field in ('loading', 'pipeline'):
            for number, step in enumerate(dataset.get(field) or []):
                parts[f'{holder}.{field}.{number}'] = (TRANSFORMS, step)
    return parts


@pytest.mark.parametrize(('project', 'preset'), PRESETS)
def test_pipelines_and_models_can_be_built(project, preset, tmp_path):
    init_default_scope('mmdet')
    folder = SeedFolder(find_study(project), preset, 0, tmp_path)
    entries = [entry for entry in folder.study.entries() if entry.fields.get('config')]
    assert folder.write_configs(entries) == []
    built, faults = set(), []
    for entry in entries:
        cfg = Config.fromfile(tmp_path / 'configs' / f'{entry.name}.py')
        for name, (registry, part) in parts_of(cfg).items():
            key = json.dumps(part.to_dict(), sort_keys=True, default=str)
            if key in built or has_reference(part.to_dict()) or 'bank' in key:
                continue
            built.add(key)
            try:
                registry.build(part)
            except Exception as error:
                faults.append(f'{entry.name}, {name}: {error}')
    assert built and not faults, '\n'.join(faults)
