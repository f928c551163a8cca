package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeNew writes a file whole or not at all, and never over another: what
// stands there may be the work of hours. A folder that is missing is made.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("the configuration cannot be written: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and stays as it is: give --write another name", path)
	}
	if err != nil {
		return fmt.Errorf("the configuration cannot be written: %w", err)
	}
	_, err = f.WriteString(text)
	_ = f.Chmod(0o644) // whatever the umask; a FAT file system has no modes
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("the configuration cannot be written: %w", err), os.Remove(path))
	}
	return nil
}
