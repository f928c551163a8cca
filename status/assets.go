package status

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// indexFile is served as the page itself, and not by its name.
const indexFile = "/index.html"

//go:embed page
var pageFiles embed.FS

// assets are the files of the page, by the path that serves them.
type assets map[string]asset

// asset is one file.
type asset struct {
	kind string // Content-Type
	tag  string // of this content
	text []byte
	gzip func() []byte // made when it is first wanted
}

const png = "image/png" // packed as it is

// kinds are the types of the page's files. The system's own table is not asked:
// it differs from machine to machine.
var kinds = map[string]string{
	".html":        "text/html; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         png,
	".webmanifest": "application/manifest+json",
}

// comments are lines of a script that only its readers need. They become empty, so that an
// error still tells the line of its file.
var comments = regexp.MustCompile(`(?m)^[ \t]*//.*$`)

func loadAssets() assets {
	all := assets{}
	err := fs.WalkDir(pageFiles, "page", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := pageFiles.ReadFile(file)
		if path.Ext(file) == ".js" {
			text = comments.ReplaceAll(text, nil)
		}
		all[strings.TrimPrefix(file, "page")] = newAsset(kinds[path.Ext(file)], text)
		return err
	})
	if err != nil {
		panic(err) // they are part of the program
	}
	return all
}

func newAsset(kind string, text []byte) asset {
	sum := sha256.Sum256(text)
	return asset{kind, `"` + hex.EncodeToString(sum[:8]) + `"`, text, sync.OnceValue(func() []byte { return gzipped(text) })}
}

// index serves the page itself. Below a proxy's prefix it names the place that
// its own addresses start from, which the browser's address need not show.
func (a assets) index(w http.ResponseWriter, r *http.Request) {
	page := a[indexFile]
	if from, _ := r.Context().Value(senderKey{}).(sender); from.prefix != "" {
		page = newAsset(page.kind, bytes.Replace(page.text, []byte("<head>"), []byte(`<head><base href="`+from.prefix+`/">`), 1))
	}
	page.ServeHTTP(w, r)
}

// ServeHTTP serves the file; one that the browser has already is not sent again.
func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("ETag", a.tag)
	w.Header().Set("Cache-Control", "no-cache") // ask each time: after an update the page is new at once
	w.Header().Set("Vary", "Accept-Encoding")
	text := a.text
	if a.kind != png && takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		text = a.gzip()
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // into memory
	}
	return b.Bytes()
}

// tag names this edition of the page.
func (a assets) tag() string {
	var all []string
	for path, asset := range a {
		all = append(all, path+asset.tag)
	}
	slices.Sort(all)
	h := sha256.New()
	for _, s := range all {
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
