"""A study: rows of a paper, what they share, and the sizes in which they can be trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config

from mammo_plugins.apis.stages import Plan, make_plan
from mammo_plugins.apis.stages.stage import find_references
from mammo_plugins.compat.config_paths import find_config

from .phantom_config import phantom_config
from .placeholders import fill_in
from .rows import Claim, RowTest, StudyRow, StudyTable, prediction_stem
from .study_check import check_study

if TYPE_CHECKING:
    from .readings import Average, Reading


@dataclass(frozen=True)
class StudyPreset:
    """A size of everything.

    Attributes:
        data: settings of the phantoms: ``cases``, ``split``, perhaps ``preset``, ``size`` and ``phantoms`` (by name);
            or several such, by name of the data set.
        options: overrides of configs, by pattern of the name of a stage or test (``test-ROW``) or of its config's
            stem. Later ones win, and all win over those of rows.
        config: config whose ``study`` is ``data``, and which the study's own ``make_config`` may build on.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """``data``, wherever it stands."""
        if self.config is None:
            return dict(self.data)
        return Config.fromfile(find_config(self.config)).study.to_dict()

    @property
    def datasets(self) -> dict[str, dict[str, Any]]:
        """Name to settings; an empty name where there is but one."""
        settings = self.settings
        return {'': settings} if 'cases' in settings else settings


@dataclass(frozen=True)
class StudyEntry:
    """A training, command or test of a study, the same for every seed.

    Attributes:
        fields: those of a stage of a plan.
        row: name of the row that declares it; None for what rows share.
        test: name of the row's test; None for what is no test.
        split: of the images that are tested; None for that of the config.
        data: name of the data set; None for the first.
    """

    fields: Mapping[str, Any]
    row: str | None = None
    test: str | None = None
    split: str | None = None
    data: str | None = None

    @property
    def name(self) -> str:
        return self.fields['name']


ConfigMaker = Callable[[StudyEntry, StudyPreset, Mapping[str, Path], Path, int], Config]
"""Entry, preset, data set to annotation file, folder of the seed, and seed to the config that the entry runs."""


@dataclass(frozen=True)
class Study:
    """The rows of a paper.

    Attributes:
        rows: in the order of the tables.
        presets: by name.
        claims: pairs of rows that are tested.
        stages: trainings and commands that rows share; they run where a chosen row needs them.
        tables: of rows; by default one of all.
        number_titles: what the tables call a number.
        shared_numbers: what they call a number that is the same under each reading of a row.
        digits: of the numbers in tables.
        make_config: what an entry runs; by default its config on phantoms, see :func:`~.phantom_config.phantom_config`.
        prepare: called with the annotation file and folder of a seed before anything is trained.
        always: names of rows that are trained whatever rows are asked for.
    """

    rows: Sequence[StudyRow]
    presets: Mapping[str, StudyPreset]
    claims: Sequence[Claim] = ()
    stages: Sequence[Mapping[str, Any]] = ()
    tables: Sequence[StudyTable] = (StudyTable(),)
    number_titles: Mapping[str, str] = field(default_factory=dict)
    shared_numbers: Mapping[str, str] = field(default_factory=dict)
    digits: int = 2
    make_config: ConfigMaker = phantom_config
    prepare: Callable[[Path, Path], None] | None = None
    always: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_study(self)

    def row(self, name: str) -> StudyRow:
        """The row of a name."""
        return next(row for row in self.rows if row.name == name)

    @property
    def readings(self) -> dict[str, Reading | Average]:
        """The readings of all rows, each name once."""
        found: dict[str, Reading | Average] = {}
        for row in self.rows:
            for reading in row.readings:
                found.setdefault(reading.name, reading)
        return found

    def entries(self) -> list[StudyEntry]:
        """Everything that can run: what rows share, what they train, their tests."""
        entries = [_stage_entry(stage, None) for stage in self.stages]
        entries += [_stage_entry(stage, row.name) for row in self.rows for stage in row.stages]
        by_name = {entry.name: entry for entry in entries}
        return entries + [_test_entry(row, test, by_name) for row in self.rows for test in row.tests]

    def plan(self) -> Plan:
        """The entries as a plan, without folder or data.

        Raises:
            ValueError: one is not as it must be.
        """
        return make_plan([fill_in(entry.fields, {'': Path()}, 0) for entry in self.entries()], source='the study')

    def needed_entries(self, rows: Sequence[StudyRow]) -> list[StudyEntry]:
        """The tests of some rows and all that they build on, in an order in which they can run."""
        plan, names = self.plan(), {row.name for row in rows}
        entries = self.entries()
        kept = {entry.name for entry in entries if entry.test is not None and entry.row in names}
        for stage in reversed(plan.stages):  # what a stage needs comes before it
            if stage.name in kept:
                kept.update(stage.all_needs)
        return [entry for entry in entries if entry.name in kept]

    def select(self, names: Sequence[str]) -> Study:
        """Some of the rows, with those that always run and the claims about two of them.

        What other rows train for these becomes shared.

        Raises:
            ValueError: no such row.
        """
        known = [row.name for row in self.rows]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f'unknown row {unknown[0]!r}: expected some of {", ".join(known)}')
        kept = {*names, *self.always} & {*known}
        rows = [row for row in self.rows if row.name in kept]
        needed = self.needed_entries(rows)
        borrowed = [entry for entry in needed if entry.test is None and entry.row not in kept]
        return replace(
            self,
            rows=rows,
            stages=[dict(entry.fields, **({'data': entry.data} if entry.data else {})) for entry in borrowed],
            claims=[claim for claim in self.claims if {claim.better, claim.worse} <= kept],
            tables=[_of_rows(table, rows) for table in self.tables],
        )


def _of_rows(table: StudyTable, rows: Sequence[StudyRow]) -> StudyTable:
    """What is left of a table of more rows."""
    kept = {row.name for row in rows}
    known = {reading.name for row in rows for reading in row.readings}
    return replace(
        table,
        rows=None if table.rows is None else [name for name in table.rows if name in kept],
        readings=None if table.readings is None else [name for name in table.readings if name in known],
    )


def _stage_entry(stage: Mapping[str, Any], row: str | None) -> StudyEntry:
    return StudyEntry({key: value for key, value in stage.items() if key != 'data'}, row, data=stage.get('data'))


def _test_entry(row: StudyRow, test: RowTest, stages: Mapping[str, StudyEntry]) -> StudyEntry:
    checkpoint = test.checkpoint or f'{{{row.stages[-1]["name"]}}}'
    source = next((stages[r.stage] for r in find_references(checkpoint) if r.stage in stages), None)
    if test.config is not None or source is None:
        config, options = test.config, dict(test.cfg_options)
    else:
        config, options = source.fields.get('config'), {**source.fields.get('cfg_options', {}), **test.cfg_options}
    fields = dict(
        name=f'test-{prediction_stem(row.name, test.name)}',
        kind='test',
        config=config,
        checkpoint=checkpoint,
        cfg_options=options,
    )
    data = test.data or (source.data if source else None)
    return StudyEntry(fields, row.name, test.name, test.split, data)
