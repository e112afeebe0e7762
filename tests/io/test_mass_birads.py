from mammo_plugins.io import FindingRecord
from mammo_plugins.io.mass_birads import mass_birads


def finding(size, kind='mass', birads='4B'):
    attributes = {'type': kind} | ({} if birads is None else {'birads': birads})
    return FindingRecord(1, 'malignant', (0.0, 0.0, size, size), 0, None, None, None, attributes)


def test_assessment_is_that_of_the_largest_mass():
    assert mass_birads([finding(10, birads='5'), finding(20), finding(30, 'calcification', '5')]) == '4B'
    assert mass_birads([finding(20, birads='3'), finding(20.001, birads='5')]) == '3', 'of equal ones the first'


def test_unknown_where_there_is_none():
    assert mass_birads([]) is None and mass_birads([finding(9, 'calcification')]) is None
    assert mass_birads([finding(20, birads=None), finding(10)]) is None
