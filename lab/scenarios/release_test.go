package scenarios

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"thermostat/lab/board"
)

// TestAReleaseIsNamedListedAndSigned: on the commit with the tag, package, binary, manual page and list of contents say what VERSION says, and
// so does what `go build` makes. A commit later all name that commit.
func TestAReleaseIsNamedListedAndSigned(t *testing.T) {
	t.Parallel()
	secret, public := newMinisign(t)
	r := newSource(t)
	file, err := crossBuilt(r.dir, runtime.GOARCH, "MINISIGN_KEY="+secret)
	if err != nil {
		t.Fatal(err)
	}
	r.says(file, r.release)
	r.lists(r.release)
	r.signed(public)

	r.git("-c", "user.name=ann", "-c", "user.email=ann@localhost", "commit", "-q", "--allow-empty", "-m", "after the release")
	if file, err = crossBuilt(r.dir, runtime.GOARCH); err != nil {
		t.Fatal(err)
	}
	r.says(file, r.release+"+git"+r.git("show", "-s", "--date=format-local:%Y%m%d%H%M%S", "--format=%cd.%H")[:14+1+8])
	if _, err := os.Stat(r.dist("SHA256SUMS.minisig")); err == nil {
		t.Error("without a key there is a signature, which is an older one's")
	}
}

// source is a clone of this repository, in which the present commit is the release.
type source struct {
	t            *testing.T
	dir, release string
}

func newSource(t *testing.T) *source {
	t.Helper()
	r := &source{t: t, dir: filepath.Join(t.TempDir(), "source")}
	if text, err := exec.Command("git", "clone", "-q", "../..", r.dir).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, text)
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	r.release = strings.TrimSpace(string(text))
	r.git("tag", "-f", "v"+r.release)
	return r
}

func (r *source) git(args ...string) string { r.t.Helper(); return r.run("git", args...) }

// run runs a program in the clone and gives what it prints.
func (r *source) run(program string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "CGO_ENABLED=0")
	text, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("%s %q: %v\n%s", program, args, err, text)
	}
	return strings.TrimSpace(string(text))
}

func (r *source) dist(file string) string { return filepath.Join(r.dir, "dist", file) }

func (r *source) binary() string { return r.dist("thermostat-linux-" + runtime.GOARCH) }

// says demands a version of everything that tells one.
func (r *source) says(file, version string) {
	r.t.Helper()
	if want := "thermostat_" + version + "_" + runtime.GOARCH + ".deb"; filepath.Base(file) != want {
		r.t.Errorf("the package is %s, want %s", filepath.Base(file), want)
	}
	r.run("go", "build", "-buildvcs=true", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags=-s -w", "-o", "dist/plain", "./agent")
	for what, is := range map[string]string{
		"the package's version": r.run("dpkg-deb", "-f", file, "Version"),
		"the binary":            secondWord(r.run(r.binary(), "version")),
		"what go build makes":   secondWord(r.run("dist/plain", "version")),
		"the manual page": regexp.MustCompile(`(?m)^\.Os thermostat (.*)$`).
			FindString(r.run("sh", "-c", "dpkg-deb --fsys-tarfile '"+file+"' | tar -xO ./usr/share/man/man1/thermostat.1.gz | gzip -d")),
	} {
		if strings.TrimPrefix(is, ".Os thermostat ") != version {
			r.t.Errorf("%s says %q, want %s", what, is, version)
		}
	}
}

func secondWord(text string) string { return append(strings.Fields(text), "", "")[1] }

// lists demands a list of contents that is the binary's, names its modules, and
// holds nothing that another run would say otherwise.
func (r *source) lists(version string) {
	r.t.Helper()
	text, err := os.ReadFile(r.binary() + ".cdx.json")
	if err != nil {
		r.t.Fatal(err)
	}
	var list struct {
		SerialNumber string
		Metadata     struct {
			Timestamp  string
			Component  struct{ Name, Version string }
			Properties []struct{ Name, Value string }
		}
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(text, &list); err != nil {
		r.t.Fatal(err)
	}
	if c := list.Metadata.Component; c.Name != "thermostat" || c.Version != version || list.SerialNumber != "" || list.Metadata.Timestamp != "" {
		r.t.Errorf("the list of contents is %+v", list.Metadata)
	}
	binary, err := os.ReadFile(r.binary())
	if err != nil {
		r.t.Fatal(err)
	}
	said := fmt.Sprint(list.Metadata.Properties, list.Components)
	for _, word := range []string{fmt.Sprintf("%x", sha256.Sum256(binary)), "{std " + runtime.Version() + "}", "{github.com/eclipse/paho.mqtt.golang v"} {
		if !strings.Contains(said, word) {
			r.t.Errorf("the list of contents lacks %s: %s", word, said)
		}
	}
}

// newMinisign makes a pair of keys.
func newMinisign(t *testing.T) (secret, public string) {
	t.Helper()
	if _, err := exec.LookPath("minisign"); err != nil {
		board.Missing(t, "minisign is not installed")
	}
	secret, public = filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "key.pub")
	if text, err := exec.Command("minisign", "-G", "-W", "-s", secret, "-p", public).CombinedOutput(); err != nil {
		t.Fatalf("minisign: %v\n%s", err, text)
	}
	return secret, public
}

// signed demands that the checksums are signed with a key, and that a wrong byte
// anywhere is found by what docs/install.md says.
func (r *source) signed(public string) {
	r.t.Helper()
	_, other := newMinisign(r.t)
	for _, c := range []struct {
		key, spoilt string
		good        bool
	}{
		{public, "", true},
		{other, "", false},
		{public, "SHA256SUMS", false},
		{public, filepath.Base(r.binary()), false},
		{public, filepath.Base(r.binary()) + ".cdx.json", false},
	} {
		mend := r.spoil(c.spoilt)
		cmd := exec.Command("sh", "-c", "minisign -Vm SHA256SUMS -p '"+c.key+"' && sha256sum -c --ignore-missing SHA256SUMS")
		cmd.Dir = r.dist("")
		if text, err := cmd.CombinedOutput(); (err == nil) != c.good {
			r.t.Errorf("with a wrong byte in %q, key %s: %v\n%s", c.spoilt, c.key, err, text)
		}
		mend()
	}
}

// spoil changes the first byte of a file, and gives what changes it back.
func (r *source) spoil(name string) (mend func()) {
	r.t.Helper()
	if name == "" {
		return func() {}
	}
	was, err := os.ReadFile(r.dist(name))
	if err != nil {
		r.t.Fatal(err)
	}
	write := func(first byte) {
		if err := os.WriteFile(r.dist(name), append([]byte{first}, was[1:]...), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	write(was[0] ^ 1)
	return func() { write(was[0]) }
}
