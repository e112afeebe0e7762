import pytest

import mammo_plugins.registration  # noqa: F401  before mmcv's transformers

from mmcv.cnn.bricks.transformer import MultiheadAttention  # isort: skip


@pytest.mark.filterwarnings('ignore:The arguments `dropout`:DeprecationWarning')
def test_dropout_of_one_attention_is_none_of_the_next():
    assert MultiheadAttention(8, 2, dropout=0.3).dropout_layer.p == 0.3
    assert MultiheadAttention(8, 2).dropout_layer.p == 0


def test_config_of_a_user_is_not_written_into():
    layer = dict(type='Dropout', drop_prob=0.2)
    assert MultiheadAttention(8, 2, dropout_layer=layer).dropout_layer.p == 0.2
    assert layer == dict(type='Dropout', drop_prob=0.2)
    assert MultiheadAttention(8, 2, 0.0, 0.0, layer).dropout_layer.p == 0.2
