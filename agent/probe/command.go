package probe

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"thermostat/agent/cli"
	"thermostat/drivers"
	"thermostat/drivers/survey"
)

// probeFlags is what `thermostat probe` was asked for.
type probeFlags struct {
	root  string // before /sys, /dev, /proc, /etc and /boot
	json  bool
	write string // the file for the configuration; empty: print it
}

// Command is `thermostat probe`.
func Command() *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use: "probe", Short: "Look at the board: what there is, what is set up wrongly, and a configuration that fits", Args: cobra.NoArgs,
		Long: "Look at the board: the chips that the kernel reads, 1-Wire thermometers, BME280s, SHT3xs and GPIO chips, with\n" +
			"a reading of each sensor; what is set up wrongly, and how to mend it; and a configuration to start from. It needs\n" +
			"no root and drives no line. On each I2C bus it asks the addresses 0x18 (read only), 0x44 and 0x45 (an SHT3x's\n" +
			"status), 0x76 and 0x77 (chip id) and no other; a chip that it knows is asked for a measurement. With --write the\n" +
			"configuration also shows the page to this network, with a password that is made beside it and shown once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return probe(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), f)
		},
	}
	cmd.Flags().StringVar(&f.root, "root", wholeSystem, "look below `DIR` instead, at a copy of /sys, /dev, /proc, /etc and /boot")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.Flags().StringVar(&f.write, "write", "", "write the configuration to `FILE`, never over one that is there, and a password for the page beside it")
	return cmd
}

// wholeSystem is where probe looks, unless it is told otherwise.
const wholeSystem = "/"

// probe tells what it found even where the configuration cannot be written.
func probe(ctx context.Context, out, errs io.Writer, f probeFlags) error {
	if runtime.GOOS != "linux" && f.root == wholeSystem {
		return cli.Failed(fmt.Errorf("this is no Linux board: run probe on the board, or --root DIR on a copy of its files"))
	}
	root, err := folder(f.root)
	if err != nil {
		return cli.Exit(cli.ExitUsage, fmt.Errorf("--root: %w", err))
	}
	board := survey.Of(ctx, drivers.NewHardware(root))
	if ctx.Err() != nil {
		return cli.Failed(ctx.Err()) // what was cut off looks like a fault of the board
	}
	r := probeReport{survey: board, warnings: append(warnings(board), configuredWarnings(filepath.Join(root, cli.DefaultConfig))...)}
	if f.write == "" {
		r.config = proposal(board, "")
	}
	if err := r.print(out, f.json); err != nil || f.write == "" {
		return cli.Failed(err)
	}
	if f.json {
		out = errs // the object stays alone
	}
	return cli.Failed(writeProposal(out, f.write, proposal(board, proposalPage)))
}

// folder gives the whole path of a folder.
func folder(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", path)
	}
	return path, err
}

// probeReport is what probe tells.
type probeReport struct {
	survey   survey.Board
	warnings []string
	config   string // empty where it goes to a file
}

func (r probeReport) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return r.printJSON(out)
	}
	_, err := io.WriteString(out, r.text())
	return err
}
