"""What held and what did not, told line by line and counted."""

from dataclasses import dataclass


@dataclass
class Checks:
    """The count of a whole run."""

    passed: int = 0
    failed: int = 0

    def add(self, passed: int, failed: int) -> None:
        """Count checks that somebody else made and told."""
        self.passed += passed
        self.failed += failed

    def expect(self, name: str, *, held: bool, told: str) -> None:
        """Count one check and say how it went; `told` is what was seen."""
        self.add(int(held), int(not held))
        print(f"  {'ok  ' if held else 'FAIL'} {name}: {told}", flush=True)

    def summary(self) -> str:
        """Return the line that ends a run."""
        return f"{self.passed} passed, {self.failed} failed"
