"""`python -m backproof` is the command line."""

from backproof.cli import main

if __name__ == "__main__":
    main()
