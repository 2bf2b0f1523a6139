"""Hole 4.1, the linker script: the image is judged as a file, by what its headers and symbols say."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

from grade.grader.api import Failed, Run, lab_test

BASE = 0x80080000           # where the firmware's memory ends
PAGE, MEGAPAGE = 4096, 2 << 20
RAM = 0x80000000
PF_X, PF_W, PF_R = 1, 2, 4
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS = 1, 2, 4, 0x400
PT_TLS = 7


@dataclass
class Part:
    """A segment or a section."""

    name: str
    start: int
    size: int
    flags: int
    offset: int = 0
    file_size: int = 0
    align: int = 1
    load: int = 0           # the physical address

    @property
    def end(self) -> int:
        return self.start + self.size

    def __str__(self) -> str:
        return f"{self.name} {self.start:x}..{self.end:x}"


class Script:
    """What the script made of the probe."""

    def __init__(self, run: Run, image: str):
        self.symbols = run.symbols(image)
        self._elf: Path = self.symbols.elf

    def at(self, name: str) -> int:
        if name not in self.symbols.table:
            raise Failed("a name that the kernel and the C libraries expect", name, "no such symbol")
        return self.symbols.table[name]

    @cached_property
    def segments(self) -> list[Part]:
        return [Part(each["p_type"], each["p_vaddr"], each["p_memsz"], each["p_flags"], each["p_offset"],
                     each["p_filesz"], each["p_align"], each["p_paddr"]) for each in self._read("segments")]

    @property
    def loaded(self) -> list[Part]:
        return [each for each in self.segments if each.name == "PT_LOAD" and each.size]

    @cached_property
    def sections(self) -> list[Part]:
        """Those that take memory."""
        return [Part(each.name, each["sh_addr"], each["sh_size"], each["sh_flags"],
                     file_size=0 if each["sh_type"] == "SHT_NOBITS" else each["sh_size"])
                for each in self._read("sections") if each["sh_flags"] & SHF_ALLOC and each["sh_size"]]

    @cached_property
    def entry(self) -> int:
        with self._elf.open("rb") as stream:
            return ELFFile(stream)["e_entry"]

    def bytes_at(self, start: int, size: int) -> bytes:
        """From the file."""
        for part in self.loaded:
            if part.start <= start and start + size <= part.start + part.file_size:
                at = part.offset + start - part.start
                return self._elf.read_bytes()[at:at + size]
        raise Failed("bytes that are loaded", f"{size} of them at {start:#x}", "they are in no segment")

    def words(self, start: str, end: str) -> list[int]:
        """A table between two symbols."""
        size = self.at(end) - self.at(start)
        if size < 0 or size % 8:
            raise Failed(f"the table from {start} to {end}", "entries of 8 bytes", f"{size} bytes")
        return list(struct.unpack(f"<{size // 8}Q", self.bytes_at(self.at(start), size)))

    def _read(self, what: str) -> list:
        with self._elf.open("rb") as stream:
            file = ELFFile(stream)
            return list(file.iter_segments() if what == "segments" else file.iter_sections())


def letters(flags: int) -> str:
    return "".join(name for bit, name in ((PF_R, "r"), (PF_W, "w"), (PF_X, "x")) if flags & bit)


# --- tests ------------------------------------------------------------------------------------------

@lab_test("4.1", points=4)
def the_lowest_byte_is_the_entry(run: Run) -> None:
    """The lowest byte of the image is _start's first, right behind the firmware; no header is loaded."""
    for image in ("bare", "fused"):
        script = Script(run, image)
        lowest = min((each for each in script.loaded), key=lambda each: each.load, default=None)
        run.check(lowest, "segments that are loaded", "some", "none")
        run.same("_start, the ELF entry, image_start, and the lowest address",
                 {"_start": f"{BASE:x}", "entry": f"{BASE:x}", "image_start": f"{BASE:x}", "lowest": f"{BASE:x}"},
                 {"_start": f"{script.at('_start'):x}", "entry": f"{script.entry:x}",
                  "image_start": f"{script.at('image_start'):x}", "lowest": f"{lowest.load:x}"})
        run.check(script.bytes_at(BASE, 4) != b"\x7fELF", "the lowest bytes", "instructions", "the ELF header")
        run.same("loaded where they run", [], [f"{each} at {each.load:x}" for each in script.loaded
                                               if each.load != each.start])


BORDERS = (("text_start", "text_end", "rx"), ("text_end", "rodata_end", "r"),
           ("rodata_end", "image_end", "rw"))


def wanted_rights(section: Part) -> str:
    return "rx" if section.flags & SHF_EXECINSTR else "rw" if section.flags & SHF_WRITE else "r"


@lab_test("4.1", points=4)
def three_segments_three_permissions(run: Run) -> None:
    """Text, constants and data lie on pages of their own, each with the rights it needs."""
    for image in ("bare", "fused"):
        script = Script(run, image)
        run.same("what is loaded, and with which rights", ["rx", "r", "rw"],
                 [letters(each.flags) for each in sorted(script.loaded, key=lambda each: each.start)])
        for start, end, rights in BORDERS:
            low, high = script.at(start), script.at(end)
            run.check(low <= high and (start == "text_start" or low % PAGE == 0), f"{start}, {end}",
                      "multiples of 4096, in this order", f"{low:x}, {high:x}")
            strange = [f"{each} ({wanted_rights(each)})" for each in constants_aside(script)
                       if low <= each.start < high and wanted_rights(each) != rights]
            run.same(f"sections between {start} and {end} that need other rights than {rights}", [], strange)
        homeless = [str(each) for each in constants_aside(script)
                    if not script.at("text_start") <= each.start <= each.end <= script.at("image_end")]
        run.same("sections outside of all of them", [], homeless)


def constants_aside(script: Script) -> list[Part]:
    """The sections whose flags say what they need. Tables of addresses are made writable by compilers, and
    lie among the constants all the same; .tbss takes no memory."""
    return [each for each in script.sections if not each.name.startswith((".rodata", ".tbss"))]


IN_ORDER = ("kern.init_entry_ram_init", "kern.init_entry_paging_init", "probe_entry_early",
            "kern.init_entry_files_init", "probe_entry_late")
NEEDED = ("probe_entry_early", "kern.init_entry_files_init", "probe_entry_late")    # by the probe itself


@lab_test("4.1", points=4)
def the_init_table_is_ordered(run: Run) -> None:
    """The init table is sorted by level, and holds the entries that somebody needs and no other."""
    for image in ("fused", "bare"):
        script = Script(run, image)
        names = {value: name for name, value in script.symbols.table.items()
                 if name.startswith(("kern.init_entry_", "probe_entry_"))}
        start = script.at("init_table")
        seen = [names.get(start + 8 * i, "?") for i in range(len(script.words("init_table", "init_table_end")))]
        run.same("the init table", [name for name in IN_ORDER if name in NEEDED or name in seen], seen)
        run.check(start % 8 == 0, "init_table", "a multiple of 8", f"{start:x}")


@lab_test("4.1", points=3)
def thread_locals_have_an_image(run: Run) -> None:
    """PT_TLS describes .tdata and .tbss; its copy in memory, app_phdr, says the same."""
    script = Script(run, "fused")
    found = [each for each in script.segments if each.name == "PT_TLS"]
    run.same("program headers for thread-local storage", 1, len(found))
    tls = found[0]
    data = struct.pack("<3I", 0x5eed, 0x5eee, 0x5eef)
    run.same("the initialised part: three words of the probe", data.hex(),
             script.bytes_at(tls.start, tls.file_size).hex())
    run.same("its alignment, and its size: 64 bytes, then five words", (64, 84), (tls.align, tls.size))
    kind, _, _, vaddr, _, in_file, in_memory, align = struct.unpack(
        "<IIQQQQQQ", script.bytes_at(script.at("app_phdr"), 56))
    run.same("app_phdr", {"type": PT_TLS, "vaddr": f"{tls.start:x}", "filesz": tls.file_size, "memsz": tls.size,
                          "align": tls.align},
             {"type": kind, "vaddr": f"{vaddr:x}", "filesz": in_file, "memsz": in_memory, "align": align})
    home = script.at("text_end"), script.at("rodata_end")
    run.check(home[0] <= script.at("app_phdr") < home[1], "app_phdr", "among the constants")
    for image, what, align in (("shim", "without thread-locals", 16), ("script", "whose thread-locals are all in .tbss", 64)):
        script = Script(run, image)
        kind, *_, in_file, in_memory, seen = struct.unpack(
            "<IIQQQQQQ", script.bytes_at(script.at("app_phdr"), 56))
        run.same(f"app_phdr of an image {what}",
                 {"type": PT_TLS, "filesz": 0, "is there memory": image == "script", "align": align},
                 {"type": kind, "filesz": in_file, "is there memory": in_memory > 0, "align": seen})


ARRAYS = {
    "preinit_array": ["probe_preinit"],
    "init_array": ["probe_constructor_first", "probe_constructor_old", "probe_constructor_second",
                   "probe_constructor_older", "probe_constructor_last"],
    "fini_array": ["probe_destructor_first", "probe_destructor_old", "probe_destructor_last"],
}


@lab_test("4.1", points=2)
def constructors_are_kept(run: Run) -> None:
    """Constructors and destructors are there, though nobody names them, in the order of their priority."""
    script = Script(run, "fused")
    names = {value: name for name, value in script.symbols.table.items() if name.startswith("probe_")}
    for array, expected in ARRAYS.items():
        start = script.at(f"__{array}_start")
        count = len(script.words(f"__{array}_start", f"__{array}_end"))
        run.same(array, expected, [names.get(start + 8 * i, "?") for i in range(count)])


@lab_test("4.1", points=3)
def memory_that_is_not_loaded(run: Run) -> None:
    """What has to be cleared is bss and no more; stacks and page tables lie behind it, inside the image."""
    for image in ("fused", "bare"):
        script = Script(run, image)
        start, end = script.at("bss_start"), script.at("bss_end")
        run.check(start % 64 == end % 64 == 0 and start < end, "bss_start, bss_end", "multiples of 64",
                  f"{start:x}, {end:x}")
        last = max(each.start + each.file_size for each in script.loaded)
        run.check(last <= start, "bss_start", f"at or behind the last byte of the file, {last:x}", f"{start:x}")
        uninitialised = [each for each in script.sections if not each.file_size and not each.flags & SHF_TLS]
        stacks = [script.at(f"kern.{name}") for name in ("main_guard", "boot_guard", "emergency_stacks")]
        for each in uninitialised:
            if not any(each.start <= stack < each.end for stack in stacks):
                run.check(start <= each.start and each.end <= end, "uninitialised memory", "in bss", str(each))
        probe = script.at("probe_large") + (5 << 20)
        run.check(start < probe <= end, "the probe's 5 MiB", f"in bss, {start:x}..{end:x}", f"end at {probe:x}")
        run.same("stacks among what is cleared", [], [f"{stack:x}" for stack in stacks if start <= stack < end])
        run.same("stacks that begin inside a page", [], [f"{stack:x}" for stack in stacks if stack % PAGE])
        tables, behind, image_end = (script.at(name) for name in ("page_tables", "page_tables_end", "image_end"))
        used = max(each.end for each in script.sections)
        run.check(tables % PAGE == behind % PAGE == image_end % PAGE == 0, "page_tables, page_tables_end, image_end",
                  "multiples of 4096", f"{tables:x}, {behind:x}, {image_end:x}")
        run.check(used <= tables and behind <= image_end, "the page tables", f"behind {used:x}, inside the image",
                  f"{tables:x}..{behind:x}, the image ends at {image_end:x}")
        there_is_room_for_tables(run, script)
    script = Script(run, "script")      # tables across a border: who rounds up early may have one too many
    there_is_room_for_tables(run, script, more=1)


def there_is_room_for_tables(run: Run, script: Script, more: int = 0) -> None:
    """As many as the image needs, or up to `more` of them more."""
    tables, behind, image_end = (script.at(name) for name in ("page_tables", "page_tables_end", "image_end"))
    needed, seen = 2 + -(-(image_end - RAM) // MEGAPAGE), (behind - tables) // PAGE
    run.check(needed <= seen <= needed + more, f"how many page tables there is room for, in {tables:x}..{behind:x}",
              f"{needed}: two, and one for each 2 MiB from {RAM:x} to the image's end, {image_end:x}", seen)


@lab_test("4.1", points=2)
def only_what_is_reached(run: Run) -> None:
    """What nobody calls is not in the image, though it stands in the same file as what somebody calls."""
    script = Script(run, "fused")
    there = [name for name in ("sys_read", "sys_preadv", "sys_mremap", "kern.trap_on_preempt", "unneeded")
             if name in script.symbols.table]
    run.same("functions that nothing in the image refers to", [], there)
    run.check("sys_write" in script.symbols.table, "sys_write, which the probe calls", "in the image", "not there")
    loose = [each.name for each in script.sections if each.name in (".comment", ".eh_frame", ".riscv.attributes")
             or each.name.startswith(".note")]
    run.same("sections that no machine needs", [], loose)
