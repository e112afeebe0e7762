"""The example of docs/mmdet_detectors.md, from a folder of a user."""

import re

import torch

import mammo_plugins.registration  # noqa: F401  before mmdet's models
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.compat.pretrained_weights import drop_pretrained
from tests.models.small_cases import SmallView, make_batch
from tests.models.small_models import build


def test_example_builds_and_takes_a_step(repository, tmp_path, monkeypatch):
    (example,) = re.findall(r'```python\n(.*?)```', (repository / 'docs/mmdet_detectors.md').read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'my_gfl.py').write_text(example)
    cfg = load_run_config('my_gfl.py')
    assert cfg.train_dataloader.dataset.group_by == 'image'
    drop_pretrained(cfg.model)  # tests have no network
    torch.manual_seed(0)
    detector = build(cfg.model).train()
    losses = detector(**make_batch(detector, [[SmallView(boxes=[[8, 10, 40, 50]])], [SmallView()]]), mode='loss')
    total, _ = detector.parse_losses(losses)
    total.backward()
    assert type(detector.detector).__name__ == 'GFL' and torch.isfinite(total)
