# Diversify and match: the domains are the vendors that are trained on and their shifts, named as by styles_plan.py.
_base_ = './fcos_dd.py'
_styles = ['GE', 'UIH', 'Hologic']
_domains = [*_styles, *(f'{shift}-{style}' for shift in ('CP', 'R', 'CPR') for style in _styles)]
model = dict(
    auxiliary=[
        dict(type='DomainDiscriminator', in_channels=2048, domains=_domains, domain_of='style'),
    ]
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'auxiliary': dict(lr_mult=10.0)}))
