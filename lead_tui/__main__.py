"""`python -m lead_tui` is `leadtui`."""

from lead_tui.cli import main

if __name__ == "__main__":
    main()
