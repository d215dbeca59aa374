"""Journeys run against one real platform: see tests/whole_platform.py."""

import pytest

import whole_platform


def pytest_configure(config: pytest.Config) -> None:
    whole_platform.share(config)
