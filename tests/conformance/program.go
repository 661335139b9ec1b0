// The conformance program in Go; README.md says what each line is.
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"unsafe"

	"wasinn/nn"
	"wasinn/nn/raw"
)

const (
	prompt       = "Once upon a time"
	noSuchHandle = 0x7FFFFFFF
)

var (
	counting = nn.Config{"grammar": `root ::= "One, two, 你好."`}
	yes      = nn.Config{"grammar": `root ::= "Yes."`}
)

// ---- common names -------------------------------------------------------------------------------

func code(err error) string {
	if err == nil {
		return "success"
	}
	if errors.Is(err, nn.ErrModelNotFound) {
		return nn.ErrNotFound.Error()
	}
	return errors.Unwrap(err).Error()
}

func number(errno int32) string {
	if errno == 0 {
		return "success"
	}
	return nn.Code(errno).Error()
}

func ending(finish nn.Finish) string {
	if finish == nn.End {
		return "end of sequence"
	}
	return finish.String()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func says(line string, err error) { fmt.Printf("%s: %s\n", line, code(err)) }

func tells(line string, session *nn.Session) {
	fmt.Printf("%s: [%s], %s\n", line, session.Text(), ending(session.Finish()))
}

// pieces generates and returns what came, joined.
func pieces(session *nn.Session, prompt string, options nn.Options) (string, error) {
	var text strings.Builder
	for piece, err := range session.Generate(prompt, options) {
		if err != nil {
			return "", err
		}
		text.WriteString(piece)
	}
	return text.String(), nil
}

// ---- sections -----------------------------------------------------------------------------------

func load() (*nn.Model, *nn.Session) {
	model, err := nn.Load("text", nn.Config{"ctx-size": 256, "temp": 0})
	must(err)
	session, err := model.Open()
	must(err)
	return model, session
}

func describe(session *nn.Session) {
	fmt.Println("== model")
	model, err := session.Describe()
	must(err)
	fmt.Println("architecture:", model.Architecture)
	fmt.Println("context length:", model.ContextLength)
	fmt.Println("embedding length:", model.EmbeddingLength)
}

func generate(session *nn.Session) {
	fmt.Println("== text")
	_, err := pieces(session, prompt, nn.Options{MaxTokens: 8})
	must(err)
	usage, err := session.Usage()
	must(err)
	fmt.Printf("prompt: %d tokens\n", usage.InputTokens)
	fmt.Printf("limit: %d tokens, %s\n", session.Tokens(), ending(session.Finish()))

	must(session.Configure(counting))
	_, err = session.Complete(prompt, nn.Options{})
	must(err)
	tells("whole", session)
	text, err := pieces(session, prompt, nn.Options{})
	must(err)
	same := "others"
	if text == "One, two, 你好." {
		same = "the same"
	}
	fmt.Printf("pieces: %s, %s\n", same, ending(session.Finish()))
	_, err = pieces(session, prompt, nn.Options{Stop: []string{"two"}})
	must(err)
	tells("stop", session)

	must(session.Configure(nn.Config{"grammar": "", "ignore-eos": true}))
	_, err = pieces(session, prompt, nn.Options{})
	must(err)
	fmt.Printf("room: %d tokens, %s\n", session.Tokens(), ending(session.Finish()))
	must(session.Configure(nn.Config{"ignore-eos": false}))

	_, err = pieces(session, strings.Repeat(" the", 300), nn.Options{})
	says("long prompt", err)
	must(session.Configure(counting))
	_, err = pieces(session, prompt, nn.Options{})
	must(err)
	tells("after it", session)
}

func chat(model *nn.Model) {
	fmt.Println("== chat")
	session, err := model.Open()
	must(err)
	must(session.Configure(yes))
	chat := session.Chat(nn.Plain, "Be brief.")
	turn := func(message string) {
		for _, err := range chat.Say(message, nn.Options{}) {
			must(err)
		}
	}
	turn("Is it day?")
	tells("first", session)
	turn("Is it night?")
	usage, err := session.Usage()
	must(err)
	fmt.Printf("second: [%s], %d prompt tokens\n", session.Text(), usage.InputTokens)
	must(session.Close())
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func embed(model *nn.Model) {
	fmt.Println("== embedding")
	session, err := model.Open()
	must(err)
	must(session.Configure(nn.Config{"embedding": true}))
	embedding := func(text string) []float32 {
		vector, err := session.Embed(text)
		must(err)
		return vector
	}
	cat := embedding("A cat sat on the mat.")
	ship := embedding("A ship left the port.")
	again := embedding("A cat sat on the mat.")
	fmt.Println("length:", len(cat))
	fmt.Printf("norm: %.3f\n", math.Sqrt(dot(cat, cat)))
	fmt.Printf("same text: %.3f\n", dot(cat, again))
	other := "1"
	if dot(cat, ship) < 0.999 {
		other = "less than 1"
	}
	fmt.Println("other text:", other)
	must(session.Close())
}

// draw is a bar, and a ring.
func draw() []float32 {
	var pixels [2][8][8]float32
	for y := 1; y < 7; y++ {
		pixels[0][y][3], pixels[0][y][4] = 1, 1
		pixels[1][y][2], pixels[1][y][5] = 1, 1
	}
	for x := 2; x < 6; x++ {
		pixels[1][0][x], pixels[1][7][x] = 1, 1
	}
	var flat []float32
	for _, picture := range pixels {
		for _, row := range picture {
			flat = append(flat, row[:]...)
		}
	}
	return flat
}

func classify(line string, session *nn.Session) {
	must(session.Compute())
	scores, err := nn.Get[float32](session, 0)
	must(err)
	best := [2]int{}
	for i := range best {
		for j, score := range scores[10*i : 10*i+10] {
			if score > scores[10*i+best[i]] {
				best[i] = j
			}
		}
	}
	fmt.Printf("%s: %d %d\n", line, best[0], best[1])
}

func tensors(session *nn.Session) {
	fmt.Println("== tensors")
	pixels := draw()
	must(nn.Set(session, 0, pixels, 2, 1, 8, 8))
	classify("digits", session)
	says("wrong shape", nn.Set(session, 0, pixels, 2, 64))
	says("wrong type", nn.Set(session, 0, make([]uint8, 128), 2, 1, 8, 8))
	says("no such input", nn.Set(session, 7, pixels, 2, 1, 8, 8))
	classify("after them", session)
}

func failures(session *nn.Session) {
	fmt.Println("== errors")
	loading := func(line, name string, config ...nn.Config) {
		_, err := nn.Load(name, config...)
		says(line, err)
	}
	loading("unknown name", "nobody")
	loading("file gone", "gone")
	loading("no model", "broken")
	loading("unreadable", "unreadable")
	loading("other settings", "busy", nn.Config{"use-mmap": false})
	loading("far too large", "crowded", nn.Config{"ctx-size": 134217728})
	says("bad value", session.Configure(nn.Config{"top-k": "many"}))
	says("bad grammar", session.Configure(nn.Config{"grammar": "root = nothing"}))
	says("not in this host", session.Configure(nn.Config{"image": "eyes.png"}))
}

func memory(session *nn.Session, text *nn.Model, classifier *nn.Session) {
	fmt.Println("== memory")
	context := uint32(0)
	fmt.Println("no JSON:", number(raw.Text(session.Context(), 1, "nonsense")))
	fmt.Println("no such graph:", number(raw.InitExecutionContext(noSuchHandle, unsafe.Pointer(&context))))
	fmt.Println("no such context:", number(raw.Compute(noSuchHandle)))
	second, err := text.Open()
	must(err)
	says("compute before input", second.Compute())
	must(second.Close())

	_, err = nn.Get[float32](classifier, 7)
	says("no such output", err)
	var scores [4]byte
	size := uint32(0)
	errno := raw.GetOutput(classifier.Context(), 0, unsafe.Pointer(&scores), 4, unsafe.Pointer(&size))
	fmt.Println("small buffer:", number(errno))
	fmt.Println("bytes of no model:", number(raw.Parts([][]byte{[]byte("no model at all")}, 6, 0, &context)))
	must(classifier.Close())
	says("finalized context", classifier.Compute())
}

func main() {
	text, session := load()
	describe(session)
	generate(session)
	chat(text)
	embed(text)
	digits, err := nn.Load("digits")
	must(err)
	classifier, err := digits.Open()
	must(err)
	tensors(classifier)
	failures(session)
	memory(session, text, classifier)

	fmt.Println("== unload")
	must(text.Unload())
	fmt.Println("unload: done")
	_, err = pieces(session, prompt, nn.Options{})
	says("generate", err)
	_, session = load()
	must(session.Configure(counting))
	_, err = pieces(session, prompt, nn.Options{})
	must(err)
	tells("load again", session)
	must(session.Close())
}
