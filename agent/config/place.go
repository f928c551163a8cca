package config

import (
	"os"
	"path/filepath"
)

// place is where a file of the configuration lies: a name without a folder
// means the service's credential of that name (systemd.exec(5),
// CREDENTIALS_DIRECTORY), and where there is none the file beside the
// configuration, so that one configuration serves the service and its owner.
func (r *reader) place(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	if dir := r.machine.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if file := filepath.Join(dir, name); Exists(file) {
			return file
		}
	}
	return filepath.Join(filepath.Dir(r.file), name)
}

func Exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
