"""Shock response: from the table of the Cadre Harmonisé to an approved plan, its list, and what was reached."""
