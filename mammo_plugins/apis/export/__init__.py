"""Networks as graphs for other runtimes."""

from .exporting import ExportedGraph, export_graph

__all__ = ['ExportedGraph', 'export_graph']
