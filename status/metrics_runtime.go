package status

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// collectRuntime tells of the Go runtime under the names and with the words of
// Prometheus' client library, which dashboards for Go programs know; a test
// holds one against the other. The library itself, whose parts refer to each
// other, would cost half a megabyte more (bench/README.md).
func collectRuntime(to families) {
	to.gauge(&desc{"go_info", "Information about the Go environment.", []string{"version"}}, 1, runtime.Version())
	threads, _ := runtime.ThreadCreateProfile(nil)
	to.plain("go_threads", "Number of OS threads created.", float64(threads))
	to.plain("go_goroutines", "Number of goroutines that currently exist.", float64(runtime.NumGoroutine()))
	for _, m := range []struct{ name, help, source string }{
		{"go_gc_gogc_percent", "Heap size target percentage configured by the user, otherwise 100. This value is set by the GOGC environment variable, and the runtime/debug.SetGCPercent function.", "/gc/gogc:percent"},
		{"go_gc_gomemlimit_bytes", "Go runtime memory limit configured by the user, otherwise math.MaxInt64. This value is set by the GOMEMLIMIT environment variable, and the runtime/debug.SetMemoryLimit function.", "/gc/gomemlimit:bytes"},
		{"go_sched_gomaxprocs_threads", "The current runtime.GOMAXPROCS setting, or the number of operating system threads that can execute user-level Go code simultaneously.", "/sched/gomaxprocs:threads"},
	} {
		sample := []metrics.Sample{{Name: m.source}}
		metrics.Read(sample)
		to.plain(m.name, m.help+" Sourced from "+m.source+".", float64(sample[0].Value.Uint64()))
	}
	collectPauses(to)
	collectMemory(to)
}

// collectPauses tells of the garbage collector's pauses.
func collectPauses(to families) {
	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	count, sum := uint64(stats.NumGC), stats.PauseTotal.Seconds()
	summary := &dto.Summary{SampleCount: &count, SampleSum: &sum}
	for i, pause := range stats.PauseQuantiles {
		quantile, value := float64(i)/4, pause.Seconds()
		summary.Quantile = append(summary.Quantile, &dto.Quantile{Quantile: &quantile, Value: &value})
	}
	to.add(&desc{name: "go_gc_duration_seconds", help: "A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles."},
		dto.MetricType_SUMMARY, &dto.Metric{Summary: summary}, nil)
	to.plain("go_memstats_last_gc_time_seconds", "Number of seconds since 1970 of last garbage collection.", float64(stats.LastGC.UnixNano())/1e9)
}

// collectMemory tells what memory the runtime has.
func collectMemory(to families) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for _, s := range []struct {
		name, help string
		value      uint64
	}{
		{"alloc_bytes", "Number of bytes allocated in heap and currently in use. Equals to /memory/classes/heap/objects:bytes.", m.Alloc},
		{"alloc_bytes_total", "Total number of bytes allocated in heap until now, even if released already. Equals to /gc/heap/allocs:bytes.", m.TotalAlloc},
		{"sys_bytes", "Number of bytes obtained from system. Equals to /memory/classes/total:byte.", m.Sys},
		{"mallocs_total", "Total number of heap objects allocated, both live and gc-ed. Semantically a counter version for go_memstats_heap_objects gauge. Equals to /gc/heap/allocs:objects + /gc/heap/tiny/allocs:objects.", m.Mallocs},
		{"frees_total", "Total number of heap objects frees. Equals to /gc/heap/frees:objects + /gc/heap/tiny/allocs:objects.", m.Frees},
		{"heap_alloc_bytes", "Number of heap bytes allocated and currently in use, same as go_memstats_alloc_bytes. Equals to /memory/classes/heap/objects:bytes.", m.HeapAlloc},
		{"heap_sys_bytes", "Number of heap bytes obtained from system. Equals to /memory/classes/heap/objects:bytes + /memory/classes/heap/unused:bytes + /memory/classes/heap/released:bytes + /memory/classes/heap/free:bytes.", m.HeapSys},
		{"heap_idle_bytes", "Number of heap bytes waiting to be used. Equals to /memory/classes/heap/released:bytes + /memory/classes/heap/free:bytes.", m.HeapIdle},
		{"heap_inuse_bytes", "Number of heap bytes that are in use. Equals to /memory/classes/heap/objects:bytes + /memory/classes/heap/unused:bytes", m.HeapInuse},
		{"heap_released_bytes", "Number of heap bytes released to OS. Equals to /memory/classes/heap/released:bytes.", m.HeapReleased},
		{"heap_objects", "Number of currently allocated objects. Equals to /gc/heap/objects:objects.", m.HeapObjects},
		{"stack_inuse_bytes", "Number of bytes obtained from system for stack allocator in non-CGO environments. Equals to /memory/classes/heap/stacks:bytes.", m.StackInuse},
		{"stack_sys_bytes", "Number of bytes obtained from system for stack allocator. Equals to /memory/classes/heap/stacks:bytes + /memory/classes/os-stacks:bytes.", m.StackSys},
		{"mspan_inuse_bytes", "Number of bytes in use by mspan structures. Equals to /memory/classes/metadata/mspan/inuse:bytes.", m.MSpanInuse},
		{"mspan_sys_bytes", "Number of bytes used for mspan structures obtained from system. Equals to /memory/classes/metadata/mspan/inuse:bytes + /memory/classes/metadata/mspan/free:bytes.", m.MSpanSys},
		{"mcache_inuse_bytes", "Number of bytes in use by mcache structures. Equals to /memory/classes/metadata/mcache/inuse:bytes.", m.MCacheInuse},
		{"mcache_sys_bytes", "Number of bytes used for mcache structures obtained from system. Equals to /memory/classes/metadata/mcache/inuse:bytes + /memory/classes/metadata/mcache/free:bytes.", m.MCacheSys},
		{"buck_hash_sys_bytes", "Number of bytes used by the profiling bucket hash table. Equals to /memory/classes/profiling/buckets:bytes.", m.BuckHashSys},
		{"gc_sys_bytes", "Number of bytes used for garbage collection system metadata. Equals to /memory/classes/metadata/other:bytes.", m.GCSys},
		{"other_sys_bytes", "Number of bytes used for other system allocations. Equals to /memory/classes/other:bytes.", m.OtherSys},
		{"next_gc_bytes", "Number of heap bytes when next garbage collection will take place. Equals to /gc/heap/goal:bytes.", m.NextGC},
	} {
		to.plain("go_memstats_"+s.name, s.help, float64(s.value))
	}
}
