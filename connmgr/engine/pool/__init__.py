"""Connection pools that know their profile; the only room that leans on SQLAlchemy's pool internals."""

from connmgr.engine.pool.meter import Meter, PoolTimeout
from connmgr.engine.pool.pools import ConnectionPerCheckout, ProfilePool

__all__ = ["ConnectionPerCheckout", "Meter", "PoolTimeout", "ProfilePool"]
