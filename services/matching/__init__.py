"""Matching: links beneficiaries of every program to the registry, and keeps overlaps and gaps."""
