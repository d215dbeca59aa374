"""Mechanisms and contracts used by two services or more; knows no service."""
