package status

import "github.com/prometheus/procfs"

// collectProcess tells of the process, as Prometheus' client library does. What
// /proc does not tell is left out.
func collectProcess(to families) {
	self, err := procfs.Self()
	if err != nil {
		return
	}
	if stat, err := self.Stat(); err == nil {
		to.plain("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", stat.CPUTime())
		to.plain("process_virtual_memory_bytes", "Virtual memory size in bytes.", float64(stat.VirtualMemory()))
		to.plain("process_resident_memory_bytes", "Resident memory size in bytes.", float64(stat.ResidentMemory()))
		if began, err := stat.StartTime(); err == nil {
			to.plain("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", began)
		}
	}
	if n, err := self.FileDescriptorsLen(); err == nil {
		to.plain("process_open_fds", "Number of open file descriptors.", float64(n))
	}
	if limits, err := self.Limits(); err == nil {
		to.plain("process_max_fds", "Maximum number of open file descriptors.", float64(limits.OpenFiles))
		to.plain("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", float64(limits.AddressSpace))
	}
	if net, err := self.Netstat(); err == nil {
		to.plain("process_network_receive_bytes_total", "Number of bytes received by the process over the network.", orZero(net.InOctets))
		to.plain("process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.", orZero(net.OutOctets))
	}
}

func orZero(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}
