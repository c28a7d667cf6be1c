"""What the loyalty tests share."""

import pytest
from sqlalchemy import Engine

from tests.loyalty.counter import Counter, open_counter


@pytest.fixture
def counter(sqlite_engine: Engine) -> Counter:
    """A customer's new card of ten stamps, no shield and no extras."""
    return open_counter(sqlite_engine)
