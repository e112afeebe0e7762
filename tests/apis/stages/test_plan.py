"""What a plan may say."""

from __future__ import annotations

import pytest

from mammo_plugins.apis.stages import make_plan, read_plan

FFDM, DBT = dict(name='ffdm', config='mnm_ffdm'), dict(name='dbt', config='mm3d_dbt', load_from='{ffdm}')


def test_references_are_found_however_deep():
    stage = dict(name='third', config='c', cfg_options={'model': [{'teacher': 'x/{ffdm.best}'}]}, needs=['dbt'])
    plan = make_plan([FFDM, DBT, stage])
    assert plan.stage('third').all_needs == ['ffdm', 'dbt']
    assert [str(reference) for reference in plan.stage('third').references] == ['{ffdm.best}']


def test_options_of_a_stage_win_over_those_of_the_plan_and_lose_to_the_command_line(tmp_path):
    path = tmp_path / 'plan.py'
    path.write_text(
        "cfg_options = {'a': 1, 'b': 1, 'c': 1}\nstages = [dict(name='x', config='x', cfg_options={'b': 2, 'c': 2})]\n"
    )
    assert read_plan(path, {'c': 3}).stage('x').cfg_options == {'a': 1, 'b': 2, 'c': 3}


@pytest.mark.parametrize(
    ('stages', 'message'),
    [
        ([DBT, FFDM], "stage 'dbt' takes something from 'ffdm', which does not come before it"),
        ([DBT], "takes something from 'ffdm', which is no stage: there are dbt"),
        ([FFDM, FFDM], "stage 'ffdm' occurs twice"),
        ([dict(name='ffdm')], "stage 'ffdm' is a train and needs 'config'"),
        ([dict(name='a', kind='tset', config='c')], "unknown kind 'tset': expected one of train, test, command"),
        ([dict(FFDM, weights='x')], "stage 'ffdm' has the unknown field 'weights'"),
        ([dict(FFDM, checkpoint='x')], "is a train, which knows no 'checkpoint'"),
        ([dict(config='c')], 'stage number 1 has no name'),
        ([dict(name='a b', config='c')], "stage 'a b': a name has letters"),
        ([dict(FFDM, processes=0)], 'processes must be at least 1, got 0'),
    ],
)
def test_what_does_not_fit_is_refused(stages, message):
    with pytest.raises(ValueError, match=message):
        make_plan(stages)


def test_unknown_stage_is_refused_with_a_guess():
    with pytest.raises(ValueError, match="no stage 'fdm': did you mean 'ffdm'"):
        make_plan([FFDM, DBT]).select(['fdm'])
    assert [stage.name for stage in make_plan([FFDM, DBT]).select(start='dbt')] == ['dbt']


def test_plan_without_stages_is_refused(tmp_path):
    (tmp_path / 'plan.py').write_text('a = 1\n')
    with pytest.raises(ValueError, match='declares no stages'):
        read_plan(tmp_path / 'plan.py')
