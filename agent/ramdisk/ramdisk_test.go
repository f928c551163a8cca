//go:build unix

package ramdisk

import (
	"os"
	"strings"
	"testing"
)

// TestAFolderInMemoryIsWhereThereIsRoomForIt: no folder is made where there is too little, or nothing at all.
func TestAFolderInMemoryIsWhereThereIsRoomForIt(t *testing.T) {
	below := t.TempDir()
	dir, err := folderInMemory(below, 1)
	if err != nil || !strings.HasPrefix(dir, below) {
		t.Errorf("with room: %q, %v", dir, err)
	}
	os.RemoveAll(dir)
	for place, room := range map[string]uint64{below: 1 << 62, below + "/nowhere": 1} {
		if dir, err := folderInMemory(place, room); dir != "" || err != nil {
			t.Errorf("%d bytes in %s: %q, %v, want none", room, place, dir, err)
		}
	}
	if left, err := os.ReadDir(below); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}
