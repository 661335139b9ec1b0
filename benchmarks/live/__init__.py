"""The live notebook in a real JupyterLab and Chromium: what `bench_live` measures, one by one."""
