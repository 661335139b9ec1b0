// Gives back what it is given, and the digit's probabilities: see test_exchange_languages.py.
package main

import (
	"fmt"
	"os"

	"wasinn/nn"
)

func back[T nn.Number](name string) {
	values, shape, err := nn.ReadArray[T](name)
	if err == nil {
		err = nn.WriteArray(name, values, shape...)
	}
	if err != nil {
		fmt.Println(err)
	}
}

func main() {
	back[bool]("bool")
	back[int8]("int8")
	back[uint8]("uint8")
	back[int16]("int16")
	back[uint16]("uint16")
	back[int32]("int32")
	back[uint32]("uint32")
	back[int64]("int64")
	back[uint64]("uint64")
	back[nn.Float16]("float16")
	back[float32]("float32")
	back[float64]("float64")
	back[complex64]("complex64")
	back[complex128]("complex128")
	text, err := os.ReadFile("/in/text")
	fmt.Println(string(text), err)
	back[float32]("nothing")
	back[float32]("int8")
	back[int32]("malformed")

	halves, _, _ := nn.ReadArray[nn.Float16]("float16")
	for _, half := range halves {
		fmt.Print(half.Float32(), " ")
	}
	fmt.Println()
}
