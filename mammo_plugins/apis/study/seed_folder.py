"""What a study has on disk of a seed: data, configs, weights, predictions, and what is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from mmengine.config import Config, ConfigDict

from mammo_plugins.apis.stages import Plan, StageFolder, make_plan
from mammo_plugins.io.whole_file import write_whole

from .number_readers import NUMBER_READERS
from .phantom_config import entry_options, use_split, write_config
from .placeholders import fill_in, has_reference
from .prepared_images import VOLUMES, can_prepare, use_prepared_images
from .rows import prediction_stem
from .study import Study, StudyEntry


class SeedFolder:
    """A seed of a study.

    Args:
        study: the rows.
        preset: name of one of its presets.
        seed: of phantoms, weights and order.
        root: folder of the seed.
    """

    def __init__(self, study: Study, preset: str, seed: int, root: Path) -> None:
        self.study, self.preset, self.seed, self.root = study, study.presets[preset], seed, root.absolute()

    @cached_property
    def annotations(self) -> dict[str, Path]:
        """Data set to annotation file."""
        return {name: self.root / name / 'phantoms.json' for name in self.preset.datasets}

    @cached_property
    def plan(self) -> Plan:
        """Everything that can run, with this seed's configs and folders."""
        return make_plan([self._fields(entry) for entry in self.study.entries()], source=f'the study in {self.root}')

    @cached_property
    def stages(self) -> StageFolder:
        """The records of what is done."""
        return StageFolder(self.plan, self.root)

    def is_done(self, name: str) -> bool:
        """Whether a stage or test is done."""
        return self.stages.read(self.plan.stage(name)) is not None

    def seconds(self, names: Iterable[str]) -> dict[str, float]:
        """What some stages took that are done: ``wall``, and ``cpu`` of their process, whatever else ran."""
        records = filter(None, [self.stages.read(self.plan.stage(name)) for name in names])
        times = [record.seconds for record in records]
        return {clock: round(sum(seconds[clock] for seconds in times), 1) for clock in ('wall', 'cpu')}

    def predictions(self, reader: str, row: str, test: str) -> Path:
        """Where the predictions of a row's test are, by the kind that a reader reads."""
        return NUMBER_READERS[reader].path(self.root / 'predictions', prediction_stem(row, test))

    def write_configs(self, entries: Sequence[StudyEntry]) -> list[str]:
        """Writes what some entries run.

        Returns:
            Names of those that are done, but with another config or other settings. Their configs are not touched.
        """
        note = self.root / 'configs.json'
        known = json.loads(note.read_text()) if note.is_file() else {}
        changed = []
        for entry in entries:
            cfg = self._make_config(entry)
            digest = self._digest(entry, cfg)
            if self.is_done(entry.name) and known.get(entry.name, digest) != digest:
                changed.append(entry.name)
                continue
            known[entry.name] = digest
            if cfg is not None:
                if can_prepare():
                    use_prepared_images(cfg, self.root / VOLUMES)
                write_config(cfg, self.config_path(entry.name))
        self.root.mkdir(parents=True, exist_ok=True)
        write_whole(note, json.dumps(known, indent=1) + '\n')
        return changed

    def digests(self, entries: Iterable[StudyEntry]) -> dict[str, str]:
        """Name to the digest of all that decides the result of an entry, wherever the folder lies."""
        return {entry.name: self._digest(entry, self._make_config(entry)) for entry in entries}

    def forget(self, names: Collection[str]) -> list[str]:
        """Takes back that some stages are done, and all that build on them; gives their names."""
        gone = set(names)
        for stage in self.plan.stages:
            if gone & {stage.name, *stage.all_needs}:
                gone.add(stage.name)
                self.stages.forget(stage)
        return [stage.name for stage in self.plan.stages if stage.name in gone]

    def config_path(self, name: str) -> Path:
        """Where the config of a stage is, if it has one."""
        return self.root / 'configs' / f'{name}.py'

    def _fields(self, entry: StudyEntry) -> dict:
        """The entry as a stage of this seed's plan."""
        fields = fill_in(entry.fields, self.annotations, self.seed)
        fields['work_dir'] = f'work_dirs/{entry.name}'
        if entry.fields.get('config') is not None:
            options = fill_in(entry_options(entry, self.preset), self.annotations, self.seed)
            fields['config'] = str(self.config_path(entry.name))
            fields['cfg_options'] = {key: value for key, value in options.items() if has_reference(value)}
        if entry.test is not None:
            fields['predictions'] = ''  # the config says where each kind goes
        return fields

    def _make_config(self, entry: StudyEntry) -> Config | None:
        if entry.fields.get('config') is None:
            return None
        filled = replace(entry, fields=fill_in(entry.fields, self.annotations, self.seed))
        cfg = self.study.make_config(filled, self.preset, self.annotations, self.root, self.seed)
        if entry.split is not None:
            use_split(cfg, entry.split)
        for part in ('val', 'test'):
            metrics = cfg.get(f'{part}_evaluator') or []
            for metric in metrics if isinstance(metrics, list) else [metrics]:
                self._set_output(metric, entry, part)
        return cfg

    def _set_output(self, metric: ConfigDict, entry: StudyEntry, part: str) -> None:
        """Tests leave what the row's readers read; a training leaves nothing that could be taken for it."""
        for reader in NUMBER_READERS.values():
            if metric['type'] != reader.metric:
                continue
            if entry.row is not None and entry.test is not None and part == 'test':
                stem = prediction_stem(entry.row, entry.test)
                metric[reader.argument] = str(reader.path(self.root / 'predictions', stem))
            elif reader.argument in metric:
                metric[reader.argument] = str(reader.path(self.root / 'work_dirs' / entry.name, part))

    def _digest(self, entry: StudyEntry, cfg: Config | None) -> str:
        """Of all that decides the result, wherever the folder lies."""
        fields = {key: value for key, value in self._fields(entry).items() if key not in ('config', 'work_dir')}
        text = json.dumps([fields, None if cfg is None else cfg.to_dict()], sort_keys=True, default=str)
        return hashlib.sha256(text.replace(str(self.root), '{root}').encode()).hexdigest()
