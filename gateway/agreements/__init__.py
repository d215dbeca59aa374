"""Data-sharing agreements: kept as data with their lifecycle, decided on for each request, checked on what leaves."""
