"""Runs A64 machine code on states under unicorn (UC_CPU_ARM64_MAX).

The loop over states is machine code too (tests/witness/harness.s), so that a
state costs microseconds.  Unicorn 2.1.4 knows no i8mm.
"""

import numpy as np
from unicorn import (
    UC_ARCH_ARM64,
    UC_ERR_EXCEPTION,
    UC_ERR_INSN_INVALID,
    UC_MODE_ARM,
    Uc,
    UcError,
)
from unicorn.arm64_const import UC_CPU_ARM64_MAX

from tests.vectors.neon.read import BASE, HERE
from tests.vectors.neon.records import RECORD, to_records, to_state

TEXT, FORM = 0x400000, 0x410000
IN, OUT, ROOM = 0x30000000, 0x38000000, 0x200000
UNKNOWN = (UC_ERR_EXCEPTION, UC_ERR_INSN_INVALID)
VARIABLES = BASE - 1024 + 2048


class Unicorn:
    """An emulator that keeps the loop loaded."""

    def __init__(self):
        self.start()

    def start(self):
        """A new machine; one that met unknown code is not used again."""
        with np.load(HERE / "harness.npz") as stored:
            code = stored["code"].tobytes()
            resume, quit_, prefix = map(int, stored["spans"])
        self.machine = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        self.machine.ctl_set_cpu_model(UC_CPU_ARM64_MAX)
        self.machine.mem_map(TEXT, 0x20000)
        self.machine.mem_map(BASE - 4096, 0x3000)
        for at in (IN, OUT):
            self.machine.mem_map(at, ROOM)
        self.machine.mem_write(TEXT, code)
        self.resume, self.quit = TEXT + resume, TEXT + quit_
        self.prefix = code[prefix : prefix + 12]

    def load(self, code):
        """Put a form behind the prefix, and a branch to resume behind it."""
        at = FORM + len(self.prefix) + len(code)
        back = 0x14000000 | ((self.resume - at) >> 2 & 0x3FFFFFF)
        whole = self.prefix + code + back.to_bytes(4, "little")
        self.machine.mem_write(FORM, whole)
        self.machine.ctl_remove_cache(FORM, FORM + len(whole))

    def run(self, code, state):
        """The state after; None where unicorn does not know the code."""
        records = to_records(0, state).tobytes()
        self.load(code)
        self.machine.mem_write(IN, records)
        ends = np.array([IN, IN + len(records), OUT, FORM], "<u8")
        self.machine.mem_write(VARIABLES, ends.tobytes())
        try:
            self.machine.emu_start(TEXT, self.quit)
        except UcError as error:
            if error.errno not in UNKNOWN:
                raise
            self.start()
            return None
        out = bytes(self.machine.mem_read(OUT, len(records)))
        return to_state(np.frombuffer(out, RECORD))
