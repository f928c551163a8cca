package mailbox

import (
	"slices"
	"sync"
	"testing"
)

func TestLatestKeepsOnlyTheLatest(t *testing.T) {
	l := New[int]()
	select {
	case v := <-l.C():
		t.Errorf("a new mailbox holds %v", v)
	default:
	}
	l.Put(1)
	l.Put(2)
	if v := <-l.C(); v != 2 {
		t.Errorf("%v, want the latest", v)
	}
	select {
	case v := <-l.C():
		t.Errorf("%v was read twice", v)
	default:
	}
}

func TestLatestNeverBlocksItsWriters(t *testing.T) {
	const writers, each = 8, 500
	l := New[[2]int]()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				l.Put([2]int{w, i})
			}
		})
	}
	written := make(chan struct{})
	go func() { all.Wait(); close(written) }()
	last := map[int]int{}
	check := func(v [2]int) {
		if was, ok := last[v[0]]; ok && v[1] <= was {
			t.Errorf("writer %d: %d after %d", v[0], v[1], was)
		}
		last[v[0]] = v[1]
	}
	for {
		select {
		case v := <-l.C():
			check(v)
			continue
		case <-written:
		}
		break
	}
	select {
	case v := <-l.C():
		check(v)
	default:
	}
	if !slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(w int) bool { return last[w] == each-1 }) {
		t.Errorf("the very last value is lost: %v", last)
	}
}
