"""The benchmarks: `python -m tests.bench [NAME…]` prints what was measured beside what is allowed. No test has a clock in it."""
