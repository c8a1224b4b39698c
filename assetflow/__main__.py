"""``python -m assetflow`` is the ``assetflow`` command."""

from assetflow.cli.start import main

if __name__ == "__main__":
    main()
