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

// kinds are the types of the page's files. The system's own table is not asked:
// it differs from machine to machine.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func loadAssets() assets {
	all := assets{}
	files, err := fs.Glob(pageFiles, "page/*")
	for _, file := range files {
		var text []byte
		text, err = pageFiles.ReadFile(file)
		if err != nil {
			break
		}
		all["/"+path.Base(file)] = newAsset(kinds[path.Ext(file)], text)
	}
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
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
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
