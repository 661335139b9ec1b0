package main

import (
	"fmt"
	"os"

	"wasinn/nn"
)

func main() {
	prompt := ""
	if len(os.Args) > 1 {
		prompt = os.Args[1]
	}
	if err := run(prompt); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(prompt string) error {
	model, err := nn.Load("default")
	if err != nil {
		return err
	}
	fmt.Print(prompt)
	for piece, err := range model.Generate(prompt, nn.Options{MaxTokens: 120}) {
		if err != nil {
			return err
		}
		fmt.Print(piece)
	}
	return nil
}
