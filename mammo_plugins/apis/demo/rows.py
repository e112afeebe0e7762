"""What the demo trains and tests, and the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.apis.stages import Plan, make_plan

FIRST_TRAINING = 'mnm_ffdm'  # the others start from its weights
TRAININGS = {name: f'configs/demo/{name}.py' for name in ('mnm_ffdm', 'mip_dbt', 'mm3d_dbt')}


@dataclass(frozen=True)
class DemoRow:
    """A model of the demo's table.

    Attributes:
        name: what the table calls it.
        config: its config.
        weights: training whose last checkpoint it uses.
        modality: what it is tested on.
        has_slices: whether it predicts a slice, so that 3-D numbers mean something.
    """

    name: str
    config: str
    weights: str
    modality: str
    has_slices: bool = False

    @property
    def file_stem(self) -> str:
        return f'{Path(self.config).stem}-{self.weights}'

    @property
    def test_stage(self) -> str:
        return f'test-{self.file_stem}'

    @property
    def predictions(self) -> str:
        return f'predictions/{self.file_stem}.csv'


# A row tests one config with the weights that training another (or the same) left.
ROWS = (
    DemoRow('M&M on FFDM', TRAININGS['mnm_ffdm'], 'mnm_ffdm', 'FFDM'),
    DemoRow('M&M on MIP, 0 % DBT data', TRAININGS['mip_dbt'], 'mnm_ffdm', 'DBT'),
    DemoRow('M&M on MIP, fine-tuned', TRAININGS['mip_dbt'], 'mip_dbt', 'DBT'),
    DemoRow('M&M-3D, 0 % DBT data', TRAININGS['mm3d_dbt'], 'mnm_ffdm', 'DBT', has_slices=True),
    DemoRow('M&M-3D, fine-tuned', TRAININGS['mm3d_dbt'], 'mm3d_dbt', 'DBT', has_slices=True),
)


def demo_plan(cfg_options: Mapping[str, object]) -> Plan:
    """The trainings, then a test for each row.

    Args:
        cfg_options: overrides for all configs.
    """
    trainings = [
        dict(
            name=name,
            config=config,
            load_from=None if name == FIRST_TRAINING else f'{{{FIRST_TRAINING}}}',
            work_dir=f'work_dirs/{name}',
        )
        for name, config in TRAININGS.items()
    ]
    tests = [
        dict(
            name=row.test_stage,
            kind='test',
            config=row.config,
            checkpoint=f'{{{row.weights}}}',
            predictions=row.predictions,
            work_dir=f'work_dirs/{row.test_stage}',
        )
        for row in ROWS
    ]
    return make_plan([*trainings, *tests], cfg_options, 'the demo')
