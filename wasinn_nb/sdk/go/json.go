package nn

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"
)

// As much of JSON as the interface needs: encoding/json would double the size of a small guest.

func (c Config) encode(doing string) ([]byte, error) {
	encoded, ok := appendValue(nil, map[string]any(c))
	if !ok {
		return nil, &Error{ErrInvalidArgument, doing + ": a setting is no number, text or boolean"}
	}
	return encoded, nil
}

func appendValue(to []byte, value any) ([]byte, bool) {
	switch value := value.(type) {
	case nil:
		return append(to, "null"...), true
	case bool:
		return strconv.AppendBool(to, value), true
	case int:
		return strconv.AppendInt(to, int64(value), 10), true
	case int32:
		return strconv.AppendInt(to, int64(value), 10), true
	case int64:
		return strconv.AppendInt(to, value, 10), true
	case uint:
		return strconv.AppendUint(to, uint64(value), 10), true
	case uint32:
		return strconv.AppendUint(to, uint64(value), 10), true
	case uint64:
		return strconv.AppendUint(to, value, 10), true
	case float32:
		return appendFloat(to, float64(value), 32)
	case float64:
		return appendFloat(to, value, 64)
	case string:
		return appendText(to, value), true
	case []string:
		return appendAll(to, value, func(to []byte, one string) ([]byte, bool) {
			return appendText(to, one), true
		})
	case []any:
		return appendAll(to, value, appendValue)
	case Config:
		return appendValue(to, map[string]any(value))
	case map[string]any:
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		slices.Sort(names)
		to = append(to, '{')
		for i, name := range names {
			if i > 0 {
				to = append(to, ", "...)
			}
			var ok bool
			if to, ok = appendValue(append(appendText(to, name), ": "...), value[name]); !ok {
				return to, false
			}
		}
		return append(to, '}'), true
	}
	return to, false
}

func appendAll[T any](to []byte, values []T, one func([]byte, T) ([]byte, bool)) ([]byte, bool) {
	to = append(to, '[')
	for i, value := range values {
		if i > 0 {
			to = append(to, ", "...)
		}
		var ok bool
		if to, ok = one(to, value); !ok {
			return to, false
		}
	}
	return append(to, ']'), true
}

func appendFloat(to []byte, value float64, bits int) ([]byte, bool) {
	if value-value != 0 { // infinite or not a number: JSON has neither
		return to, false
	}
	return strconv.AppendFloat(to, value, 'g', -1, bits), true
}

const hexadecimal = "0123456789abcdef"

// appendText appends a text in quotes. What is not UTF-8 becomes U+FFFD.
func appendText(to []byte, text string) []byte {
	to = append(to, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r < ' ':
			to = append(to, '\\', 'u', '0', '0', hexadecimal[r>>4], hexadecimal[r&15])
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return append(to, '"')
}

func space(json []byte) []byte { return bytes.TrimLeft(json, " \t\r\n") }

// skip is what follows the value that json begins with; nil if it never ends.
func skip(json []byte) []byte {
	for depth := 0; len(json) > 0; {
		switch json[0] {
		case '"':
			json = json[1:]
			for len(json) > 0 && json[0] != '"' {
				if json[0] == '\\' && len(json) > 1 {
					json = json[1:]
				}
				json = json[1:]
			}
			if len(json) == 0 {
				return nil
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return json
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return json
			}
		default:
			if depth == 0 {
				if end := bytes.IndexAny(json, ",]} \t\r\n"); end >= 0 {
					return json[end:]
				}
				return json[len(json):]
			}
		}
		if json = json[1:]; depth == 0 {
			return json
		}
	}
	return nil
}

// get is the value of a key of an object; nil if there is none.
func get(json []byte, key string) []byte {
	json = space(json)
	if len(json) == 0 || json[0] != '{' {
		return nil
	}
	for json = space(json[1:]); len(json) > 0 && json[0] == '"'; {
		rest := skip(json)
		name := json[:len(json)-len(rest)]
		if json = space(rest); len(json) == 0 || json[0] != ':' {
			return nil
		}
		json = space(json[1:])
		rest = skip(json)
		if string(name) == `"`+key+`"` {
			return json[:len(json)-len(rest)]
		}
		if json = space(rest); len(json) > 0 && json[0] == ',' {
			json = space(json[1:])
		}
	}
	return nil
}

// text is a value that is a simple text.
func text(json []byte) string {
	if len(json) < 2 || json[0] != '"' {
		return ""
	}
	return string(json[1 : len(json)-1])
}

// number is a number under a key, 0 if there is none.
func number(json []byte, key string) int {
	value, err := strconv.ParseFloat(string(get(json, key)), 64)
	if err != nil {
		return 0
	}
	return int(value)
}

// items are the values of an array.
func items(json []byte) ([]string, bool) {
	json = bytes.TrimSpace(json)
	if len(json) < 2 || json[0] != '[' || json[len(json)-1] != ']' {
		return nil, false
	}
	var found []string
	for _, one := range bytes.Split(json[1:len(json)-1], []byte{','}) {
		if one = bytes.TrimSpace(one); len(one) > 0 {
			found = append(found, string(one))
		}
	}
	return found, true
}

func floats(json []byte) ([]float32, bool) {
	all, ok := items(json)
	values := make([]float32, len(all))
	for i, one := range all {
		value, err := strconv.ParseFloat(one, 32)
		if err != nil {
			return nil, false
		}
		values[i] = float32(value)
	}
	return values, ok
}

// dimensions are a shape, and how many values it has.
func dimensions(json []byte) ([]int, int, bool) {
	all, ok := items(json)
	shape, count := make([]int, len(all)), 1
	for i, one := range all {
		value, err := strconv.Atoi(one)
		if err != nil || value < 0 {
			return nil, 0, false
		}
		shape[i] = value
		count *= value
	}
	return shape, count, ok
}
