package nn

import (
	"math"
	"strconv"
	"unsafe"

	"wasinn/nn/raw"
)

// Float16 is a 16-bit float, as its bits.
type Float16 uint16

// Float32 is its value.
func (f Float16) Float32() float32 {
	sign, exponent, fraction := uint32(f>>15)<<31, uint32(f>>10)&0x1F, uint32(f)&0x3FF
	switch exponent {
	case 0:
		value := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(value) | sign)
	case 0x1F:
		return math.Float32frombits(sign | 0xFF<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Element is a type that tensors are made of.
type Element interface {
	Float16 | float32 | float64 | uint8 | int32 | int64
}

// kind is the number and the name of an element type.
func kind[T Element]() (uint32, string) {
	switch any(*new(T)).(type) {
	case Float16:
		return 0, "Float16"
	case float32:
		return 1, "float32"
	case float64:
		return 2, "float64"
	case uint8:
		return 3, "uint8"
	case int32:
		return 4, "int32"
	}
	return 5, "int64"
}

// Set gives input index of a model: nn.Set(session, 0, pixels, 1, 3, 224, 224). There are as many
// values as the shape says.
func Set[T Element](s *Session, index int, values []T, shape ...int) error {
	number, name := kind[T]()
	doing := "setting input " + strconv.Itoa(index) + " as " + name + " " + shaped(shape)
	dimensions, count := make([]uint32, len(shape)), 1
	for i, dimension := range shape {
		dimensions[i] = uint32(dimension)
		count *= dimension
	}
	if count != len(values) {
		return &Error{ErrInvalidArgument, doing + " from " + strconv.Itoa(len(values)) + " values"}
	}
	size := len(values) * int(unsafe.Sizeof(*new(T)))
	data := unsafe.Pointer(unsafe.SliceData(values))
	return check(raw.Set(s.context, uint32(index), number, dimensions, data, size), doing)
}

// Compute runs the model on its inputs.
func (s *Session) Compute() error { return check(raw.Compute(s.context), "computing") }

// Get returns output index of the last run: probabilities, err := nn.Get[float32](session, 0).
func Get[T Element](s *Session, index int) ([]T, error) {
	_, name := kind[T]()
	doing := "getting output " + strconv.Itoa(index) + " as " + name
	width := int(unsafe.Sizeof(*new(T)))
	for room := 1024; ; {
		values := make([]T, room)
		buffer := unsafe.Pointer(unsafe.SliceData(values))
		number := raw.GetOutput(s.context, uint32(index), buffer, uint32(room*width), unsafe.Pointer(&s.size))
		size := int(s.size)
		if number == 0 && size%width != 0 {
			return nil, &Error{ErrInvalidArgument, doing + ": it has " + strconv.Itoa(size) + " bytes"}
		}
		if number == 0 && size <= room*width {
			return values[:size/width], nil
		}
		if number != 0 && Code(number) != ErrTooLarge {
			return nil, check(number, doing)
		}
		if room = max(2*room, (size+width-1)/width); room*width > mostRoom {
			return nil, check(int32(ErrTooLarge), doing)
		}
	}
}

func shaped(shape []int) string {
	text := "["
	for i, dimension := range shape {
		if i > 0 {
			text += ", "
		}
		text += strconv.Itoa(dimension)
	}
	return text + "]"
}
