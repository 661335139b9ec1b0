// One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"wasinn/nn"
)

var styles = []nn.Style{
	nn.Plain, nn.ChatML, nn.Llama2, nn.Llama3, nn.Gemma, nn.Phi3, nn.Zephyr, nn.Mistral,
}

func number(name string, otherwise int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return value
	}
	return otherwise
}

var left = number("CANCEL", -1)

// show prints pieces, and leaves the loop when it has seen enough of them.
func show(pieces func(func(string, error) bool)) error {
	for piece, err := range pieces {
		if err != nil {
			return err
		}
		fmt.Printf("piece %x\n", piece)
		if left--; left == 0 {
			break
		}
	}
	return nil
}

func main() {
	options := nn.Options{MaxTokens: number("MAX", 0), Raw: os.Getenv("RAW") != ""}
	if stop, given := os.LookupEnv("STOP"); given {
		options.Stop = []string{stop}
	}
	name := "default"
	if named := os.Getenv("MODEL"); named != "" {
		name = named
	}
	model, err := nn.Load(name)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	session, err := model.Open()
	if err != nil {
		panic(err)
	}
	defer session.Close()
	chat := session.Chat(styles[number("STYLE", 1)], os.Getenv("SYSTEM"))
	for _, prompt := range os.Args[1:] {
		var err error
		switch os.Getenv("OP") {
		case "complete":
			_, err = session.Complete(prompt, options)
		case "chat":
			err = show(chat.Say(prompt, options))
		case "ask":
			_, err = chat.Ask(prompt, options)
		case "embed":
			vector, failure := session.Embed(prompt)
			if failure != nil {
				panic(failure)
			}
			for _, one := range vector {
				fmt.Println(one)
			}
			return
		default:
			err = show(session.Generate(prompt, options))
		}
		if err != nil {
			fmt.Println("error", err)
			continue
		}
		finish := strings.ReplaceAll(session.Finish().String(), " ", "_")
		fmt.Printf("end %s %x\n", finish, session.Text())
	}
}
