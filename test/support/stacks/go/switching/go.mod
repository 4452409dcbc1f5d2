module switching

go 1.18
