"""Set-up from nothing: system packages, `.venv`, llama.cpp. Standard library only."""
