"""Command lines: each module parses arguments and calls one function of :mod:`mammo_plugins.apis`.

``mammo COMMAND ...`` and ``python tools/COMMAND.py ...`` are the same thing.
"""
