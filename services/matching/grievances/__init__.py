"""Grievances, and what their agents see of a household."""
