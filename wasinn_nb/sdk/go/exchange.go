package nn

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"unsafe"
)

// Number is a type of arrays that the notebook has.
type Number interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		Float16 | float32 | float64 | complex64 | complex128
}

// dtype is numpy's name of a type.
func dtype[T Number]() string {
	switch any(*new(T)).(type) {
	case bool:
		return "bool"
	case int8:
		return "int8"
	case int16:
		return "int16"
	case int32:
		return "int32"
	case int64:
		return "int64"
	case uint8:
		return "uint8"
	case uint16:
		return "uint16"
	case uint32:
		return "uint32"
	case uint64:
		return "uint64"
	case Float16:
		return "float16"
	case float32:
		return "float32"
	case float64:
		return "float64"
	case complex64:
		return "complex64"
	}
	return "complex128"
}

// ReadArray takes an array from the notebook (--in NAME): its values and its shape. Bytes and texts
// are files: os.ReadFile("/in/NAME").
func ReadArray[T Number](name string) ([]T, []int, error) {
	path := "/in/" + name
	doing := "reading " + path
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, file(err, doing)
	}
	width := int(unsafe.Sizeof(*new(T)))
	shape, count := []int{len(data) / width}, len(data)/width
	described, err := os.ReadFile(path + ".json")
	if err == nil {
		if given := text(get(described, "dtype")); given != dtype[T]() {
			return nil, nil, &Error{ErrInvalidArgument, doing + ": its values are " + given + ", not " + dtype[T]()}
		}
		var ok bool
		if shape, count, ok = dimensions(get(described, "shape")); !ok {
			return nil, nil, &Error{ErrInvalidArgument, doing + ".json: its shape is malformed"}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, file(err, doing+".json")
	}
	if count*width != len(data) {
		return nil, nil, &Error{ErrInvalidArgument, doing + ": " + strconv.Itoa(len(data)) + " bytes are no " + shaped(shape)}
	}
	values := make([]T, count) // aligned, which bytes need not be
	copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(data)), data)
	return values, shape, nil
}

// WriteArray gives an array to the notebook (--out NAME). Bytes and texts are files:
// os.WriteFile("/out/NAME", data, 0o644).
func WriteArray[T Number](name string, values []T, shape ...int) error {
	path := "/out/" + name
	doing := "writing " + path
	if len(shape) == 0 {
		shape = []int{len(values)}
	}
	count := 1
	for _, dimension := range shape {
		count *= dimension
	}
	if count != len(values) {
		return &Error{ErrInvalidArgument, doing + ": " + strconv.Itoa(len(values)) + " values for the shape " + shaped(shape)}
	}
	size := len(values) * int(unsafe.Sizeof(*new(T)))
	data := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), size)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return file(err, doing)
	}
	described := `{"dtype": "` + dtype[T]() + `", "shape": ` + shaped(shape) + "}"
	return file(os.WriteFile(path+".json", []byte(described), 0o644), doing+".json")
}

// file is what failed with a file, as an error of this package.
func file(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &Error{ErrNotFound, doing + ": it is not there: give the cell --in or --out"}
	}
	return &Error{ErrRuntime, doing + ": " + err.Error()}
}
