module burning

go 1.18
