# Diversify and match over the vendors that are trained on, whose names are those of the annotation file.
_base_ = './fcos_dd.py'
model = dict(
    auxiliary=[
        dict(type='DomainDiscriminator', in_channels=2048, domains=['GE', 'UIH', 'HOLOGIC'], domain_of='manufacturer'),
    ]
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'auxiliary': dict(lr_mult=10.0)}))
