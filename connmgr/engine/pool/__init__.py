"""Connection pools that know their profile; the only room that leans on SQLAlchemy's internals."""

from connmgr.engine.pool.autocommit import without_transactions
from connmgr.engine.pool.closing import let_go
from connmgr.engine.pool.failing import PoolTimeout
from connmgr.engine.pool.leaks import holders
from connmgr.engine.pool.lifecycle import housekeep
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.overlap import Overlap
from connmgr.engine.pool.per_checkout import ConnectionPerCheckout
from connmgr.engine.pool.profile_pool import ProfilePool
from connmgr.engine.pool.stats import empty as empty_stats

__all__ = [
    "ConnectionPerCheckout", "Meter", "Overlap", "PoolTimeout", "ProfilePool", "empty_stats", "holders",
    "housekeep", "let_go", "without_transactions",
]  # fmt: skip
