"""What a guest calls: byte layouts, handle numbers and errno tables, over ``nn/``."""
