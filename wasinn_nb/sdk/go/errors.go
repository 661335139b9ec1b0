package nn

import "strconv"

// Code is the number of an error. It is an error itself, for errors.Is.
type Code uint32

// What can go wrong.
const (
	ErrInvalidArgument Code = 1   // a bad handle, index, shape, type or value
	ErrInvalidEncoding Code = 2   // an unknown encoding, or settings that are not JSON
	ErrMissingMemory   Code = 3   // no memory, or no model behind the handle
	ErrBusy            Code = 4   // in use by someone else
	ErrRuntime         Code = 5   // the model library failed
	ErrUnsupported     Code = 6   // this host cannot do that
	ErrTooLarge        Code = 7   // the output does not fit
	ErrNotFound        Code = 8   // no model of that name
	ErrEndOfSequence   Code = 100 // the model ended its text; no failure
	ErrContextFull     Code = 101 // no room for another token
	ErrPromptTooLong   Code = 102 // more prompt tokens than the context holds
	ErrModelNotFound   Code = 103 // the name is known, its file is not there
)

var words = map[Code]string{
	ErrInvalidArgument: "invalid argument",
	ErrInvalidEncoding: "invalid encoding",
	ErrMissingMemory:   "missing memory",
	ErrBusy:            "busy",
	ErrRuntime:         "runtime error",
	ErrUnsupported:     "unsupported operation",
	ErrTooLarge:        "too large",
	ErrNotFound:        "not found",
	ErrEndOfSequence:   "end of sequence",
	ErrContextFull:     "context full",
	ErrPromptTooLong:   "prompt too long",
	ErrModelNotFound:   "model file not found",
}

// Error says what the number means.
func (c Code) Error() string {
	if text, known := words[c]; known {
		return text
	}
	return "unknown error"
}

// Error is a call that failed.
type Error struct {
	Code  Code
	Doing string // what was being done
}

// Error is one line: what was being done, what went wrong, and its number.
func (e *Error) Error() string {
	return e.Doing + ": " + e.Code.Error() + " (error " + strconv.Itoa(int(e.Code)) + ")"
}

// Unwrap makes errors.Is(err, nn.ErrNotFound) work.
func (e *Error) Unwrap() error { return e.Code }

func check(number int32, doing string) error {
	if number == 0 {
		return nil
	}
	return &Error{Code(number), doing}
}
