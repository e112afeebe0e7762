"""Names of the files of ``mammo predict``, for whoever reads them without a model."""

FINDINGS, LABELS, MAPS, PICTURES = 'predictions.csv', 'labels.csv', 'maps', 'pictures'
IMAGES, LEFT_OUT = 'images.json', 'left_out.csv'
