//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// load loads a kernel module after those that it needs, in the order that
// /modules/order names. Parameters are the module's own: key=value.
func load(name string, parameters []string) error {
	if parameters == nil {
		parameters = parametersOf(name)
	}
	order, err := os.ReadFile("/modules/order")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(order), "\n") {
		wanted, files, _ := strings.Cut(line, ": ")
		if wanted == name {
			return loadAll(strings.Fields(files), name, parameters)
		}
	}
	return fmt.Errorf("no module %q", name)
}

func loadAll(files []string, name string, parameters []string) error {
	for i, file := range files {
		var own string
		if i == len(files)-1 {
			own = strings.Join(parameters, " ")
		}
		if err := insert("/modules/"+file+".ko", own); err != nil {
			return fmt.Errorf("module %s of %s: %w", file, name, err)
		}
	}
	return nil
}

func insert(path, parameters string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), parameters, 0); !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// parametersOf are those on the kernel's command line: module.key=value.
func parametersOf(name string) []string {
	var parameters []string
	for key, value := range bootArguments() {
		if module, own, ok := strings.Cut(key, "."); ok && module == name {
			parameters = append(parameters, own+"="+value)
		}
	}
	return parameters
}
