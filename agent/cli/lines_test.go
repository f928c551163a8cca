package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// TestABlockedLogHoldsNobody: a reader that takes nothing costs lines, not control.
func TestABlockedLogHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe() // nobody reads
		l := NewLineWriter(w)
		for range 3 * maxLines {
			if n, err := l.Write([]byte("x\n")); n != 2 || err != nil {
				t.Fatal(n, err)
			}
		}
		l.Flush()
		var got bytes.Buffer
		go func() { io.Copy(&got, r) }()
		<-l.ended
		w.Close()
		synctest.Wait()
		if n := strings.Count(got.String(), "x\n"); n < maxLines || n > maxLines+1 || !strings.Contains(got.String(), "dropped") {
			t.Errorf("%d lines of %d kept, dropped said: %v", n, 3*maxLines, strings.Contains(got.String(), "dropped"))
		}
	})
}
