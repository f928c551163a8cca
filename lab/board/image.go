package board

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// image writes the initial file system: modules, guest, and the test's files.
func (b *Board) image(o Options) (string, error) {
	program, err := builtGuest()
	if err != nil {
		return "", err
	}
	guest := filepath.Join(b.dir, "guest")
	if err := os.WriteFile(guest, program, 0o755); err != nil {
		return "", err
	}
	files := map[string]string{"/init": guest}
	modules, err := filepath.Glob(filepath.Join(Cache(), "board", "modules", "*"))
	if err != nil {
		return "", err
	}
	for _, m := range modules {
		files["/modules/"+filepath.Base(m)] = m
	}
	for to, from := range o.Files {
		files[to] = from
	}
	image := filepath.Join(b.dir, "image")
	return image, writeImage(image, files, o.Text)
}

// builtGuest is the guest's first process, built once for all boards.
var builtGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "guest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, "../guest") // as the agent is built: Go's cache has the library
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the guest: %w\n%s", err, text)
	}
	return os.ReadFile(out)
})

func writeImage(to string, files, text map[string]string) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	a := &archive{w: f, folders: map[string]bool{"/": true}}
	a.folder("/dev")
	a.node("/dev/console", 0o20600, 5, 1)
	for _, name := range sorted(files) {
		if err := a.copy(name, files[name]); err != nil {
			return err
		}
	}
	for _, name := range sorted(text) {
		a.file(name, 0o644, int64(len(text[name])), strings.NewReader(text[name]))
	}
	a.end()
	return a.err
}

func sorted(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// archive writes cpio's newc format, which the kernel unpacks (its
// Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w       io.Writer
	folders map[string]bool
	inode   int
	err     error
}

func (a *archive) copy(name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	a.file(name, 0o755, info.Size(), f)
	return a.err
}

func (a *archive) file(name string, mode int, size int64, content io.Reader) {
	a.folder(path.Dir(name))
	a.entry(name, 0o100000|mode, size, 0, 0, content)
}

func (a *archive) folder(name string) {
	if a.folders[name] {
		return
	}
	a.folder(path.Dir(name))
	a.folders[name] = true
	a.entry(name, 0o40755, 0, 0, 0, nil)
}

func (a *archive) node(name string, mode, major, minor int) {
	a.entry(name, mode, 0, major, minor, nil)
}

func (a *archive) end() { a.entry("/TRAILER!!!", 0, 0, 0, 0, nil) }

func (a *archive) entry(name string, mode int, size int64, major, minor int, content io.Reader) {
	a.inode++
	name = strings.TrimPrefix(name, "/")
	head := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.inode, mode, 0, 0, 1, 0, size, 0, 0, major, minor, len(name)+1, 0, name)
	a.write(int64(len(head)), strings.NewReader(head))
	if content != nil {
		a.write(size, content)
	}
}

// write pads what it writes to four bytes.
func (a *archive) write(size int64, from io.Reader) {
	if a.err != nil {
		return
	}
	if _, a.err = io.CopyN(a.w, from, size); a.err != nil {
		return
	}
	_, a.err = a.w.Write(make([]byte, (4-size%4)%4))
}
