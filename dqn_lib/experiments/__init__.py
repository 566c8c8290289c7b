"""Many runs: the same question asked of every variant and every seed, on all cores or on a cluster."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
