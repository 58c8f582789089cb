"""What a verification finds."""


class Fault(Exception):
    """The first thing that is wrong: a code of the specification, and the index of the first bad record."""

    def __init__(self, code, index, what):
        super().__init__(what)
        self.code = code
        self.index = index
