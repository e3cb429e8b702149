"""What costs what: `python3 manage.py benchmark AREA`. Paired, interleaved runs and ratios; never part of the tests."""
