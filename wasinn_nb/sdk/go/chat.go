package nn

import "strings"

// Role is who says a message.
type Role int

// Who says a message.
const (
	System Role = iota
	User
	Assistant
)

func (r Role) String() string { return [...]string{"system", "user", "assistant"}[r] }

// Message is one of a dialogue.
type Message struct {
	Role    Role
	Content string
}

// Style is how models were taught to read a dialogue. A host that lists the model's own template in
// its metadata renders the messages with it; the style is for all others.
type Style struct {
	before, after [3]string // by role
	stop          string
	systemInUser  bool // the system message stands inside the first user message
}

// Styles of well-known models.
var (
	Plain = Style{ // for models that know no template
		before: [3]string{"", "User: ", "Assistant:"},
		after:  [3]string{"\n\n", "\n", "\n"},
		stop:   "\nUser:",
	}
	ChatML = Style{ // Qwen, Yi, SmolLM, many fine-tunes
		before: [3]string{"<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n"},
		after:  [3]string{"<|im_end|>\n", "<|im_end|>\n", "<|im_end|>\n"},
		stop:   "<|im_end|>",
	}
	Llama2 = Style{
		before:       [3]string{"<<SYS>>\n", "[INST] ", ""},
		after:        [3]string{"\n<</SYS>>\n\n", " [/INST]", " </s><s>"},
		stop:         "[INST]",
		systemInUser: true,
	}
	Llama3 = Style{
		before: [3]string{
			"<|start_header_id|>system<|end_header_id|>\n\n",
			"<|start_header_id|>user<|end_header_id|>\n\n",
			"<|start_header_id|>assistant<|end_header_id|>\n\n",
		},
		after: [3]string{"<|eot_id|>", "<|eot_id|>", "<|eot_id|>"},
		stop:  "<|eot_id|>",
	}
	Gemma = Style{
		before:       [3]string{"", "<start_of_turn>user\n", "<start_of_turn>model\n"},
		after:        [3]string{"\n\n", "<end_of_turn>\n", "<end_of_turn>\n"},
		stop:         "<end_of_turn>",
		systemInUser: true,
	}
	Phi3 = Style{
		before: [3]string{"<|system|>\n", "<|user|>\n", "<|assistant|>\n"},
		after:  [3]string{"<|end|>\n", "<|end|>\n", "<|end|>\n"},
		stop:   "<|end|>",
	}
	Zephyr = Style{ // also TinyLlama chat
		before: [3]string{"<|system|>\n", "<|user|>\n", "<|assistant|>\n"},
		after:  [3]string{"</s>\n", "</s>\n", "</s>\n"},
		stop:   "<|user|>",
	}
	Mistral = Style{
		before:       [3]string{"", "[INST] ", ""},
		after:        [3]string{"\n\n", " [/INST]", "</s>"},
		stop:         "[INST]",
		systemInUser: true,
	}
)

// Chat is a dialogue in a session.
//
//	chat := session.Chat(nn.ChatML, "You are brief.")
//	for piece, err := range chat.Say("Hello", nn.Options{}) {
type Chat struct {
	Messages []Message // may be changed between turns
	Style    Style

	session *Session
	asked   bool // whether the host renders messages
	renders bool
}

// Chat begins a dialogue. The system message, which may be empty, says how the model should behave.
func (s *Session) Chat(style Style, system string) *Chat {
	chat := &Chat{session: s, Style: style}
	if system != "" {
		chat.Messages = append(chat.Messages, Message{System, system})
	}
	return chat
}

// Say is one turn; the answer comes in pieces, and then joins the dialogue. After
// [ErrPromptTooLong] the dialogue is as before.
func (c *Chat) Say(message string, options Options) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		c.session.end()
		if err := c.give(message, options); err != nil {
			yield("", err)
			return
		}
		c.session.drain(yield)
		c.conclude()
	}
}

// Ask is one turn with one call of the host.
func (c *Chat) Ask(message string, options Options) (string, error) {
	c.session.end()
	if err := c.give(message, options); err != nil {
		return "", err
	}
	answer, err := c.session.computeText()
	c.conclude()
	return answer, err
}

// conclude adds the answer, or takes the question back if there is none.
func (c *Chat) conclude() {
	if c.session.finish == Failed {
		c.Messages = c.Messages[:len(c.Messages)-1]
		return
	}
	c.Messages = append(c.Messages, Message{Assistant, c.session.Text()})
}

// give adds the user's message and gives the dialogue to the host.
func (c *Chat) give(message string, options Options) error {
	if err := c.askHost(); err != nil {
		return err
	}
	c.Messages = append(c.Messages, Message{User, message})
	prompt := ""
	if c.renders {
		prompt = c.json()
	} else {
		prompt = c.rendered()
		options.Stop = append([]string{c.Style.stop}, options.Stop...)
	}
	err := c.session.give(prompt, options, c.renders)
	if err != nil {
		c.Messages = c.Messages[:len(c.Messages)-1]
	}
	return err
}

// askHost finds out whether the host renders messages with the model's own template.
func (c *Chat) askHost() error {
	if c.asked {
		return nil
	}
	metadata, err := c.session.Metadata()
	if err != nil {
		return err
	}
	c.asked, c.renders = true, text(get(metadata, "chat_template")) != ""
	return nil
}

func (c *Chat) json() string {
	encoded := []byte{'['}
	for i, message := range c.Messages {
		if i > 0 {
			encoded = append(encoded, ", "...)
		}
		encoded = append(appendText(append(encoded, `{"role": "`+message.Role.String()+`", "content": `...), message.Content), '}')
	}
	return string(append(encoded, ']'))
}

func (c *Chat) rendered() string {
	var out strings.Builder
	opened := false // the user message that holds the system message has begun
	for _, message := range c.Messages {
		opens := c.Style.systemInUser && message.Role == System
		if opens {
			out.WriteString(c.Style.before[User])
		}
		if !opened || message.Role != User {
			out.WriteString(c.Style.before[message.Role])
		}
		out.WriteString(message.Content)
		out.WriteString(c.Style.after[message.Role])
		opened = opens
	}
	out.WriteString(c.Style.before[Assistant])
	return out.String()
}
