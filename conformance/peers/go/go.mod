module eop

go 1.19
