// Package config is the file: Config from YAML, with every complaint at once.
package config
