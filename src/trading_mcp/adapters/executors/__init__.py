"""Where work is done: in threads of this process, in processes, on a Dask cluster."""
