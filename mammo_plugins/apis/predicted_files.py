"""Names of the files of ``mammo predict``, for whoever reads them without a model."""

FINDINGS, LABELS, MAPS, PICTURES = 'predictions.csv', 'labels.csv', 'maps', 'pictures'
LOCATIONS = 'locations.csv'
