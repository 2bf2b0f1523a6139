"""Traces of heaps: recorded from a machine, replayed on every heap, and compared.

    record.py     runs an image built with HEAP_TRACE=1 and reads the trace out of its memory
    bench.py      make bench-alloc: replays traces in the guest, prints the table
"""
