// Package yamltree reads YAML strictly into a tree of plain nodes, and says what is
// wrong with a file in the words of the person who wrote it. It knows no key.
package yamltree
