package jwt

import "strings"

// claim returns the value at a path of names with dots between them, or nil. Names may
// have dots themselves, as in https://example.com/roles: the longest one that there is
// counts.
func claim(claims map[string]any, path string) any {
	if value, ok := claims[path]; ok {
		return value
	}
	for i := len(path) - 1; i > 0; i-- {
		if path[i] != '.' {
			continue
		}
		if inner, ok := claims[path[:i]].(map[string]any); ok {
			if value := claim(inner, path[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// names returns the names in a claim: a list of texts, or one with blanks between
// them.
func names(value any) []string {
	switch v := value.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var list []string
		for _, element := range v {
			if name, ok := element.(string); ok {
				list = append(list, name)
			}
		}
		return list
	}
	return nil
}
