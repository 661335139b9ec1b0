package nn

import (
	"bytes"
	"io"
	"unicode/utf8"
	"unsafe"

	"wasinn/nn/raw"
)

// Options are wishes for one generation.
type Options struct {
	MaxTokens int      // 0: until the model ends
	Stop      []string // texts that end the generation and are not part of it
	Raw       bool     // hand out tokens as they come, even if that splits a character
}

// Finish is why a text ended.
type Finish int

// Why a text ended.
const (
	Running     Finish = iota
	End                // the model ended it
	Stopped            // a stop text came
	Length             // MaxTokens
	ContextFull        // no room for another token
	Cancelled          // the loop was left
	Failed
)

func (f Finish) String() string {
	return [...]string{"running", "end", "stop", "length", "context full", "cancelled", "failed"}[f]
}

// Generate continues a text, piece by piece, in whole characters. Leaving the loop ends the
// generation; an error is the last thing that comes.
//
//	for piece, err := range session.Generate("Once", nn.Options{}) {
func (s *Session) Generate(prompt string, options Options) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		s.end()
		if err := s.give(prompt, options, false); err != nil {
			yield("", err)
			return
		}
		s.drain(yield)
	}
}

// Stream generates and writes the pieces to w as they come. A Writer with a method Flush, such as a
// bufio.Writer, is flushed after each.
func (s *Session) Stream(w io.Writer, prompt string, options Options) (Finish, error) {
	flusher, _ := w.(interface{ Flush() error })
	var failure error
	s.Generate(prompt, options)(func(piece string, err error) bool {
		if failure = err; failure == nil {
			_, failure = io.WriteString(w, piece)
		}
		if failure == nil && flusher != nil {
			failure = flusher.Flush()
		}
		return failure == nil
	})
	return s.finish, failure
}

// Complete generates the whole text with one call of the host.
func (s *Session) Complete(prompt string, options Options) (string, error) {
	s.end()
	if err := s.give(prompt, options, false); err != nil {
		return "", err
	}
	return s.computeText()
}

// Text is what was generated since the last prompt.
func (s *Session) Text() string { return string(s.text) }

// Finish is why the last text ended.
func (s *Session) Finish() Finish { return s.finish }

// Tokens is how many tokens the last text took, where they came one by one.
func (s *Session) Tokens() int { return s.tokens }

// give forgets the last text and gives the host a new prompt: a text, or messages as JSON.
func (s *Session) give(prompt string, options Options, messages bool) error {
	s.options, s.text, s.delivered, s.tokens, s.finish = options, s.text[:0], 0, 0, Failed
	if s.chatting != messages {
		if err := s.Configure(Config{"chat": messages}); err != nil {
			return err
		}
		s.chatting = messages
	}
	if err := check(raw.Text(s.context, 0, prompt), "giving the prompt"); err != nil {
		return err
	}
	s.finish = Running
	return nil
}

// end closes a token-by-token generation in the host.
func (s *Session) end() {
	if s.single {
		raw.FiniSingle(s.context)
	}
	s.single = false
}

// drain yields the text that a prompt leads to.
func (s *Session) drain(yield func(string, error) bool) {
	for {
		if s.finish == Running {
			if err := s.step(); err != nil {
				s.finish = Failed
				yield("", err)
				return
			}
		}
		running := s.finish == Running
		limit := len(s.text)
		if running {
			limit = s.withoutPartialStop()
		}
		if !s.options.Raw {
			limit = whole(s.text[:limit])
		}
		if !running {
			s.text = s.text[:limit]
		}
		if limit > s.delivered {
			piece := string(s.text[s.delivered:limit])
			s.delivered = limit
			if !yield(piece, nil) {
				if s.finish == Running {
					s.finish = Cancelled
				}
				s.text = s.text[:s.delivered]
				return
			}
		}
		if !running {
			return
		}
	}
}

const doingGenerate = "generating"

// step generates one token.
func (s *Session) step() error {
	s.single = true
	switch number := raw.ComputeSingle(s.context); Code(number) {
	case 0:
	case ErrEndOfSequence: // its piece is the end marker, no text
		s.finish = End
		return nil
	case ErrContextFull: // this token still counts
		s.finish = ContextFull
	default:
		return check(number, doingGenerate)
	}
	if err := s.readToken(); err != nil {
		return err
	}
	s.tokens++
	if s.cutAtStop() {
		s.finish = Stopped
	} else if s.finish == Running && s.tokens == s.options.MaxTokens {
		s.finish = Length
	}
	return nil
}

// readToken appends the bytes of the last token to the text.
func (s *Session) readToken() error {
	for room := 256; ; {
		if free := cap(s.text) - len(s.text); free < room {
			larger := make([]byte, len(s.text), 2*cap(s.text)+room)
			copy(larger, s.text)
			s.text = larger
		}
		free := s.text[len(s.text):cap(s.text)]
		number := raw.GetOutputSingle(s.context, 0, pointer(free), uint32(len(free)), unsafe.Pointer(&s.size))
		if size := int(s.size); number == 0 && size <= len(free) {
			s.text = s.text[:len(s.text)+size]
			return nil
		}
		if number != 0 && Code(number) != ErrTooLarge {
			return check(number, "reading a token")
		}
		if room = max(int(s.size), 2*len(free)); room > mostRoom {
			return check(int32(ErrTooLarge), "reading a token")
		}
	}
}

// computeText generates from the prompt that was given, with one call of the host.
func (s *Session) computeText() (string, error) {
	if err := s.sendLimits(); err != nil {
		return "", err
	}
	number := raw.Compute(s.context)
	finish := End
	if Code(number) == ErrContextFull {
		finish = ContextFull
	} else if number != 0 {
		s.finish = Failed
		return "", check(number, doingGenerate)
	}
	text, err := s.read(0, "reading the text")
	if err != nil {
		s.finish = Failed
		return "", err
	}
	s.text, s.finish = text, finish
	if s.cutAtStop() {
		s.finish = Stopped
	} else if cut := withoutEndMarker(s.text); len(cut) < len(s.text) {
		s.text = cut
	} else if finish == End && s.options.MaxTokens > 0 {
		if usage, err := s.Usage(); err == nil && usage.OutputTokens >= s.options.MaxTokens {
			s.finish = Length
		}
	}
	if !s.options.Raw {
		s.text = s.text[:whole(s.text)]
	}
	s.delivered = len(s.text)
	return string(s.text), nil
}

// sendLimits tells the host the limits of a whole text, and takes back those of an earlier one.
func (s *Session) sendLimits() error {
	wanted := s.options.MaxTokens > 0 || len(s.options.Stop) > 0
	if !wanted && !s.limitsSent {
		return nil
	}
	config := Config{"reverse-prompt": ""}
	if len(s.options.Stop) > 0 {
		config["reverse-prompt"] = s.options.Stop[0]
	}
	if s.options.MaxTokens > 0 {
		config["n-predict"] = s.options.MaxTokens
	} else if s.limitsSent {
		config["n-predict"] = -1
	}
	s.limitsSent = wanted
	return s.Configure(config)
}

// cutAtStop ends the text before the first stop text in what was not handed out yet.
func (s *Session) cutAtStop() bool {
	open := s.text[s.delivered:]
	first := len(open)
	for _, stop := range s.options.Stop {
		if at := bytes.Index(open, []byte(stop)); stop != "" && at >= 0 {
			first = min(first, at)
		}
	}
	found := first < len(open)
	s.text = s.text[:s.delivered+first]
	return found
}

// withoutPartialStop is how much of the text comes before a tail that may become a stop text.
func (s *Session) withoutPartialStop() int {
	open := s.text[s.delivered:]
	limit := len(open)
	for _, stop := range s.options.Stop {
		for length := min(len(stop)-1, len(open)); length > 0; length-- {
			if bytes.HasSuffix(open, []byte(stop[:length])) {
				limit = min(limit, len(open)-length)
				break
			}
		}
	}
	return s.delivered + limit
}

// whole is the length of the part of a text that does not end inside a character.
func whole(text []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		tail := text[len(text)-back:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if utf8.FullRune(tail) {
			return len(text)
		}
		return len(text) - back
	}
	return len(text)
}

var endMarkers = []string{
	"</s>", "<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>",
	"<|end|>", "<eos>", "<|endoftext|>", "<|eom_id|>",
}

// withoutEndMarker is a text without the marker that some models leave at its end.
func withoutEndMarker(text []byte) []byte {
	for _, marker := range endMarkers {
		if bytes.HasSuffix(text, []byte(marker)) {
			return text[:len(text)-len(marker)]
		}
	}
	return text
}
