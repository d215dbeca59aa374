"""Scenarios: changes of programs laid over a country, saved, run by a worker, compared side by side. Nothing real is touched."""
