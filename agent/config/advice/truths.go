package advice

import "strings"

// truths are other spellings, of YAML 1.1 and of people.
var truths = map[string]string{
	"true": "true", "yes": "true", "on": "true", "y": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "n": "false", "0": "false",
}

// Truth is the advice to write true or false where another word for it stands.
func Truth(text string) string {
	if word := truths[strings.ToLower(text)]; word != "" {
		return ": write " + word
	}
	return ""
}
