# The shifted copies of domain diversification (DD, Kim et al. 2019): every other seen vendor, by generators that learnt
# with the identity's distance alone (CP), with the cycle's alone (R), and with both (CPR).
_shift = dict(
    type='RandomStyle',
    blend=False,
    bank=dict(type='JoinedStyles', folders=dict(CP='data/styles_cp', R='data/styles_r', CPR='data/styles')),
)
