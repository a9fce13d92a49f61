"""The dot products that kernels spell as numbers, `.inst 0x4f80e048`.

    0 Q U 01110 size 0 Rm  opcode  Rn Rd      vector
    0 Q U 01111 size L M Rm opcode H 0 Rn Rd  element, index H:L

Source: Arm Architecture Reference Manual, section C4.1.   Chapter: neon
"""

_VECTOR = {  # bits without Q and registers
    0x0E809400: "sdot",
    0x2E809400: "udot",
    0x0E809C00: "usdot",
    0x0E80A400: "smmla",
    0x2E80A400: "ummla",
    0x0E80AC00: "usmmla",
}
_ELEMENT = {
    0x0F80E000: "sdot",
    0x2F80E000: "udot",
    0x0F80F000: "usdot",
    0x0F00F000: "sudot",
}


def decode(word: int) -> str:
    """The text of an encoded instruction.

    Raises: ValueError for any but the dot products.

    >>> decode(0x4F80E048), decode(0x4E80A4A3)
    ('sdot v8.4s, v2.16b, v0.4b[0]', 'smmla v3.4s, v5.16b, v0.16b')
    """
    full = word >> 30 & 1
    n, d, m = word >> 5 & 31, word & 31, word >> 16 & 31
    to, of = ("4s", "16b") if full else ("2s", "8b")
    vector = _VECTOR.get(word & 0xBFE0FC00, "")
    element = _ELEMENT.get(word & 0xBFC0F400, "")
    if vector and (full or not vector.endswith("mmla")):
        return f"{vector} v{d}.{to}, v{n}.{of}, v{m}.{of}"
    if element:
        index = word >> 10 & 2 | word >> 21 & 1
        return f"{element} v{d}.{to}, v{n}.{of}, v{m}.4b[{index}]"
    raise ValueError(f"an encoding must be a dot product, got {word:#010x}")
