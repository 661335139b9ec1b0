"""The kernel's side of the JupyterLab extension: one comm that all pages of this kernel share."""
