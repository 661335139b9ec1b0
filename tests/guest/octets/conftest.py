from __future__ import annotations

import pytest

from tests.abi.models import Shelf


@pytest.fixture
def shelf():
    """Models for components; whatever these do is no fault of ours."""
    shelf = Shelf()
    yield shelf
    assert not shelf.bugs
