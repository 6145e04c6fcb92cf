"""``python -m dask_animate``: the same as the program ``dask-animate``."""

from .cli import main

if __name__ == "__main__":
    main()
