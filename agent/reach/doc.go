// Package reach is how set, clear and watch reach an agent: through a broker, or through its page.
package reach
