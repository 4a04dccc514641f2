"""Keeps clients from leaving, inside the CRM that sales managers already use."""

import os

# Fits of four numbers gain nothing from threads of BLAS, and on a busy machine lose
# twentyfold while these wait for one another. Read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
