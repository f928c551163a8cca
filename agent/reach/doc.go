// Package reach is how the commands that ask an agent reach it: through a broker, or through its page.
package reach
