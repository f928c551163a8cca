package reference

import (
	"github.com/spf13/cobra"

	"thermostat/agent/cli"
)

// Command is `thermostat schema`.
func Command() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a configuration, for editors that complete and underline", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := Schema()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return cli.Failed(err)
		},
	}
}
