module example.com/falproxy

go 1.19
