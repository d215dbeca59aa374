"""Reads of a programs service. An institution's programs are public; enrollments are shown by program only."""
