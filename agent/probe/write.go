package probe

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"thermostat/agent/cli"
	"thermostat/agent/config"
	"thermostat/agent/config/machine"
)

// pagePassword is the file with the page's password: the name of the service's
// credential, so that only root need read it.
const pagePassword = "http-password"

// proposalPage shows the page to the owner's network: who has only just
// installed the agent has no other way to see it and to set it.
const proposalPage = `http:
  listen: ":8466" # everybody in this network can look, and change with the password; "127.0.0.1:8466": this machine alone
  password_file: ` + pagePassword + ` # beside this file
`

// writeProposal writes a configuration and the page's password, and says where
// the page will be. A password that is there already stays.
func writeProposal(out io.Writer, file, proposal string) error {
	secret := filepath.Join(filepath.Dir(file), pagePassword)
	kept := machine.Exists(secret)
	if err := writeNew(file, proposal, 0o644); err != nil {
		return err
	}
	password := newPassword()
	says := fmt.Sprintf("  password  %s   (shown only now; it is in %s)\n", password, secret)
	if kept {
		says = fmt.Sprintf("  password  that of %s, which was there already\n", secret)
	} else if err := writeNew(secret, password+"\n", 0o600); err != nil {
		return errors.Join(err, os.Remove(file)) // the next try begins anew
	}
	_, err := io.WriteString(out, nextSteps(file)+"\nThe page, once the agent runs, for a browser in this network:\n"+
		pageLines()+"  user      any\n"+says)
	return err
}

func nextSteps(file string) string {
	commands := fmt.Sprintf("  thermostat check --config %[1]s\n  thermostat run --config %[1]s\n", cli.Quoted(file))
	if file == cli.DefaultConfig {
		commands = "  thermostat check\n  sudo systemctl restart thermostat\n"
	}
	return fmt.Sprintf("The configuration is in %s. Next: name the rooms in it, look at the relays' lines, then\n%s", file, commands)
}

// pageLines are the addresses of this machine's page.
func pageLines() string {
	_, port, _ := net.SplitHostPort(config.DefaultListen)
	var hosts []string
	if name, err := os.Hostname(); err == nil {
		if short, _, _ := strings.Cut(name, "."); short != "" && short != "localhost" {
			hosts = append(hosts, short+".local")
		}
	}
	all, _ := net.InterfaceAddrs() // without them there is the name
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().IsGlobalUnicast() && p.Addr().Is4() {
			hosts = append(hosts, p.Addr().String())
		}
	}
	var b strings.Builder
	for _, h := range hosts {
		fmt.Fprintf(&b, "  address   http://%s:%s\n", h, port)
	}
	return b.String()
}

// Of a password: characters that nobody takes for others, on a phone's
// keyboard without a shift key. 16 of 32 are 80 bits.
const (
	passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789"
	passwordGroups  = 4
	passwordGroup   = 4
)

func newPassword() string {
	random := make([]byte, passwordGroups*passwordGroup)
	_, _ = rand.Read(random) // never fails
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%passwordGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(passwordLetters[int(r)%len(passwordLetters)])
	}
	return b.String()
}

// writeNew writes a file whole or not at all, and never over another: what
// stands there may be the work of hours. A folder that is missing is made.
func writeNew(path, text string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and stays as it is: give --write another name", path)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	_, err = f.WriteString(text)
	_ = f.Chmod(mode) // whatever the umask; a FAT file system has no modes
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("%s cannot be written: %w", path, err), os.Remove(path))
	}
	return nil
}
