"""`python -m tests.bench [NAME…]`. The rest is imported only here, so that the processes that a benchmark starts do not import it again."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tests.bench.run import run

    sys.exit(run(sys.argv[1:]))
