"""A witness: it signs the heads of logs that only grew (C2SP tlog-witness). For another department than that of the log.

No Django and no database: a key file, a file in which it remembers the newest head of each log, and
one address that a log asks.
"""
