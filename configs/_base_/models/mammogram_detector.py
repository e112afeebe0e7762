# What any detector of mmdet needs to read mammograms; the detector itself is left to the config.
model = dict(
    type='MammogramDetector',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3, pad_size_divisor=32),
)
