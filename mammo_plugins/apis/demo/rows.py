"""What the demo trains, and the rows of its table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FIRST_TRAINING = 'mnm_ffdm'  # the others start from its weights
TRAININGS = {name: f'configs/demo/{name}.py' for name in ('mnm_ffdm', 'mip_dbt', 'mm3d_dbt')}


@dataclass(frozen=True)
class DemoRow:
    """A model of the demo's table.

    Attributes:
        name: what the table calls it.
        config: its config.
        weights: work directory whose last checkpoint it uses.
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


# A row tests one config with the weights that training another (or the same) left.
ROWS = (
    DemoRow('M&M on FFDM', TRAININGS['mnm_ffdm'], 'mnm_ffdm', 'FFDM'),
    DemoRow('M&M on MIP, 0 % DBT data', TRAININGS['mip_dbt'], 'mnm_ffdm', 'DBT'),
    DemoRow('M&M on MIP, fine-tuned', TRAININGS['mip_dbt'], 'mip_dbt', 'DBT'),
    DemoRow('M&M-3D, 0 % DBT data', TRAININGS['mm3d_dbt'], 'mnm_ffdm', 'DBT', has_slices=True),
    DemoRow('M&M-3D, fine-tuned', TRAININGS['mm3d_dbt'], 'mm3d_dbt', 'DBT', has_slices=True),
)
