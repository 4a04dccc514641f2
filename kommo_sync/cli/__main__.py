"""`python -m kommo_sync.cli`: the same as `kommo-sync`."""

from kommo_sync.cli import main

if __name__ == "__main__":
    main(prog_name="kommo-sync")
