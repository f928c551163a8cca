package cli

import "github.com/spf13/cobra"

// Strict has help and completion refuse what there is none of. The library shows other help
// for that, and ends well.
func Strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				_, _, err := root.Find(args)
				return err
			}
		case "completion": // whose arguments are looked at only where it does something
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}
