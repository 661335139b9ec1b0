"""The kernel's side of the JupyterLab extension: one comm, over which pages see and steer it."""
