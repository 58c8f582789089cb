"""What a receiver says no to."""


class Refusal(Exception):
    """A message that is refused, with its code of reasons.md."""

    def __init__(self, code, what=""):
        super().__init__(f"{code}: {what}" if what else code)
        self.code = code
