// Package nn runs models of a wasi-nn host: language models token by token, and tensors.
//
//	model, err := nn.Load("default")
//	...
//	for piece, err := range model.Generate("Once upon a time", nn.Options{MaxTokens: 80}) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Print(piece)
//	}
//
// Every error of this package is an [*Error], and errors.Is tells its [Code]:
//
//	if errors.Is(err, nn.ErrPromptTooLong) { ... }
//
// The functions of the interface themselves are in wasinn/nn/raw.
package nn

import (
	"strconv"
	"unsafe"

	"wasinn/nn/raw"
)

// Config is settings of a model or of its requests, by the host's names:
// nn.Config{"ctx-size": 2048, "temp": 0.2}. Values are numbers, texts, booleans, and slices and
// maps of them.
type Config map[string]any

// Model is a model in the host's memory. It stays loaded when the guest ends, until [Model.Unload].
type Model struct {
	graph uint32
	name  string
}

// Load opens the model that the host knows as name, with the host's settings or with some of the
// guest's own.
func Load(name string, config ...Config) (*Model, error) {
	model, text := &Model{name: name}, []byte(name)
	doing := "loading model " + strconv.Quote(name)
	var number int32
	if len(config) == 0 {
		number = raw.LoadByName(pointer(text), uint32(len(text)), unsafe.Pointer(&model.graph))
	} else {
		settings, err := config[0].encode(doing)
		if err != nil {
			return nil, err
		}
		number = raw.LoadByNameWithConfig(pointer(text), uint32(len(text)),
			pointer(settings), uint32(len(settings)), unsafe.Pointer(&model.graph))
	}
	if err := check(number, doing); err != nil {
		return nil, err
	}
	return model, nil
}

// Name is what the model was loaded as.
func (m *Model) Name() string { return m.name }

// Graph is the host's number for the model, for wasinn/nn/raw.
func (m *Model) Graph() uint32 { return m.graph }

// Unload frees the model's memory in the host. Its sessions are dead afterwards.
func (m *Model) Unload() error {
	return check(raw.Unload(m.graph), "unloading model "+strconv.Quote(m.name))
}

// Open starts a session. [Session.Close] frees it.
func (m *Model) Open() (*Session, error) {
	session := &Session{finish: End}
	number := raw.InitExecutionContext(m.graph, unsafe.Pointer(&session.context))
	if err := check(number, "opening a session of model "+strconv.Quote(m.name)); err != nil {
		return nil, err
	}
	return session, nil
}

// Generate continues a text in a session of its own; see [Session.Generate].
func (m *Model) Generate(prompt string, options Options) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		session, err := m.Open()
		if err != nil {
			yield("", err)
			return
		}
		defer session.Close()
		session.Generate(prompt, options)(yield)
	}
}

// Complete continues a text in a session of its own and returns all of it.
func (m *Model) Complete(prompt string, options Options) (string, error) {
	session, err := m.Open()
	if err != nil {
		return "", err
	}
	defer session.Close()
	return session.Complete(prompt, options)
}

// Embed returns the vector of a text, of a model loaded with Config{"embedding": true}.
func (m *Model) Embed(text string) ([]float32, error) {
	session, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return session.Embed(text)
}

// Session is one line of work on a model: its inputs and outputs, or its place in a text. The
// interface calls it a graph execution context.
type Session struct {
	context uint32

	text      []byte // since the last prompt
	delivered int    // bytes of it that were handed out
	finish    Finish
	tokens    int
	options   Options

	single     bool // a token-by-token generation is open in the host
	limitsSent bool
	chatting   bool // the host renders messages
	size       uint32
}

// Context is the host's number for the session, for wasinn/nn/raw.
func (s *Session) Context() uint32 { return s.context }

// Close frees the session in the host.
func (s *Session) Close() error {
	return check(raw.FinalizeExecutionContext(s.context), "closing a session")
}

// Configure changes settings of this session's requests.
func (s *Session) Configure(config Config) error {
	const doing = "configuring a session"
	settings, err := config.encode(doing)
	if err != nil {
		return err
	}
	return check(raw.Text(s.context, 1, string(settings)), doing)
}

// Metadata is what the host tells of the model and of the last run, as JSON.
func (s *Session) Metadata() ([]byte, error) {
	return s.read(1, "reading the metadata")
}

// Description is what the host knows of a model; zero where it does not say.
type Description struct {
	Architecture, Quantization string

	Parameters      int
	ContextLength   int // tokens that the model was trained to see at once
	Layers          int
	Vocabulary      int
	EmbeddingLength int
}

// Describe tells what the model is.
func (s *Session) Describe() (Description, error) {
	metadata, err := s.Metadata()
	if err != nil {
		return Description{}, err
	}
	return Description{
		text(get(metadata, "architecture")), text(get(metadata, "quantization")),
		number(metadata, "parameters"), number(metadata, "context_length"),
		number(metadata, "layers"), number(metadata, "vocabulary"),
		number(metadata, "embedding_length"),
	}, nil
}

// Usage is the host's figures about the last run.
type Usage struct {
	InputTokens, OutputTokens int
}

// Usage asks for the figures of the last run; ask before the next prompt.
func (s *Session) Usage() (Usage, error) {
	metadata, err := s.Metadata()
	if err != nil {
		return Usage{}, err
	}
	return Usage{number(metadata, "input_tokens"), number(metadata, "output_tokens")}, nil
}

// Embed returns the vector of a text.
func (s *Session) Embed(text string) ([]float32, error) {
	const doing = "embedding a text"
	if err := check(raw.Text(s.context, 0, text), doing); err != nil {
		return nil, err
	}
	if err := check(raw.Compute(s.context), doing); err != nil {
		return nil, err
	}
	answer, err := s.read(0, doing)
	if err != nil {
		return nil, err
	}
	vector, ok := floats(get(answer, "embedding"))
	if !ok {
		return nil, &Error{ErrRuntime, doing + `: load the model with Config{"embedding": true}`}
	}
	return vector, nil
}

const (
	firstRoom = 128 << 10
	mostRoom  = 1 << 30
)

// read returns output index of the last run, whatever this host does with buffers that are short.
func (s *Session) read(index uint32, doing string) ([]byte, error) {
	for room := firstRoom; ; {
		buffer := make([]byte, room)
		number := raw.GetOutput(s.context, index, pointer(buffer), uint32(room), unsafe.Pointer(&s.size))
		size := int(s.size)
		if number == 0 && size <= room {
			return buffer[:size], nil
		}
		if number != 0 && Code(number) != ErrTooLarge {
			return nil, check(number, doing)
		}
		if room = max(size, 2*room); room > mostRoom {
			return nil, check(int32(ErrTooLarge), doing)
		}
	}
}

func pointer(bytes []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(bytes)) }
