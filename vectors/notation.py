"""The notation of the vectors (README.md, section 1). Standard library only."""


def octets(notation):
    """Groups of hex and `@N` patterns, `-` for nothing."""
    groups = [] if notation == "-" else notation.split(" ")
    pattern = lambda count: bytes(i % 251 for i in range(count))
    return b"".join(pattern(int(group[1:])) if group[0] == "@" else bytes.fromhex(group) for group in groups)
