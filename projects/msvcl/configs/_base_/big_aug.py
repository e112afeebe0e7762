# BigAug (Zhang et al. 2020): nine transforms in a row, each of every second image; boxes follow the last three.
_big_aug = [
    dict(type='RandomBlur', sigma=(0.25, 1.5), prob=0.5),
    dict(type='RandomSharpen', sigma=(0.25, 1.5), strength=(10, 30), prob=0.5),
    dict(type='RandomNoise', std=(0.1, 1.0), prob=0.5),
    dict(type='RandomLinearGrey', scale=0.0, shift=0.1, prob=0.5),
    dict(type='RandomGamma', gamma=(0.5, 4.5), prob=0.5),
    dict(type='RandomLinearGrey', scale=0.1, shift=0.1, prob=0.5),
    dict(type='RandomRotation', degrees=20, prob=0.5),
    dict(type='RandomShiftScale', shift=0.0, scale=(0.4, 1.6), uniform=True, prob=0.5),
    dict(type='RandomElastic', shift=10.0, sigma=30.0, prob=0.5),
]
