module thermostat/lab

go 1.26

require (
	golang.org/x/sys v0.36.0
	periph.io/x/conn/v3 v3.7.3
	periph.io/x/devices/v3 v3.7.4
)

require periph.io/x/host/v3 v3.8.5 // indirect
