package settings

import (
	"fmt"
	"strings"
)

// Mask is what stands in the place of a secret when settings are printed.
const Mask = "********"

// isReference reports whether text is ${NAME}.
func isReference(text string) bool {
	name, ok := strings.CutPrefix(text, "${")
	if !ok || !strings.HasSuffix(name, "}") {
		return false
	}
	return !strings.ContainsAny(name[:len(name)-1], "{} ")
}

// secret returns the secret that text is or refers to: ${NAME} is the value of an
// environment variable, file:PATH the content of a file without the end of its
// last line.
func (s *Settings) secret(text string) (string, error) {
	if isReference(text) {
		name := text[2 : len(text)-1]
		value, ok := s.environ[name]
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return value, nil
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		content, err := s.readFile(path)
		if err != nil {
			return "", fmt.Errorf("the secret's file cannot be read: %w", err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	return text, nil
}
