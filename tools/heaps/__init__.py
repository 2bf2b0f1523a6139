"""Traces of heaps: recorded from a machine, replayed on every heap, and compared.

    record.py     runs an image built with HEAP_TRACE=1 and reads the trace out of its memory
    history.py    what a record says of a heap: blocks, regions, how full it was
    picture.py    the picture of a heap over time
    map.py        make heap-map: runs an image, draws what its heap did
    replay.py     make heap-replay: a trace on any heap, on the host, under a checker (replay.c)
    bench.py      make bench-alloc: replays traces in the guest, prints the table
    fail.py       make HEAP_FAIL=n: one request for memory fails
    boots.py      what a heap adds to a boot
"""
