"""Logs of purchases replayed: what the risk would have said, and what came of it.

The matrices are small and the accounts many: each process computes on one thread, which
has to be said before numpy is first imported.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
