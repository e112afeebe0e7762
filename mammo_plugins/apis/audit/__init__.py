"""``mammo audit``: what is wrong with a data set."""

from .auditing import audit_dataset, write_audit_json, write_audit_page

__all__ = ['audit_dataset', 'write_audit_json', 'write_audit_page']
