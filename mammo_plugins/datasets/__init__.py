"""From files to samples.

Nothing is imported here, so that converters and phantoms run without waiting for torch. ``case_dataset``,
``case_sampler``, ``case_collate``, ``styles`` and ``transforms`` register what they hold when they are imported;
``mammo_plugins.registration`` does that.
"""
