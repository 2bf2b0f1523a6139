"""What is in an image, how much of it, and why.

    linkmap.py      the linker's map: every piece of the image, its size, the object it came from
    lto.py          the same after link-time optimisation, when objects have lost their names
    components.py   the component and the source file of a piece
    needs.py        who refers to whom, from the relocations of the image
    size.py         make size
    why.py          make why COMPONENT=...
    graph.py        make graph
    __main__.py     the command line

A piece is what the linker keeps or drops as a whole: one function or one variable, since each is
compiled into a section of its own.
"""
