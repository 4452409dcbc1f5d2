module frozen

go 1.18
