module wasinn/nn

go 1.21
