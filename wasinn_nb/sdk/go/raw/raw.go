// Package raw has the functions of the WebAssembly module wasi_ephemeral_nn, as they are.
//
// Only those that a program calls become imports of it. Every function returns a number: 0, or what
// went wrong. What is below pointers must not move or be freed during a call: see [Set].
package raw

import (
	"runtime"
	"unsafe"
)

// LoadByName opens a model that the host knows; graph points at a uint32.
//
//go:wasmimport wasi_ephemeral_nn load_by_name
func LoadByName(name unsafe.Pointer, size uint32, graph unsafe.Pointer) int32

// LoadByNameWithConfig is LoadByName with settings, a JSON object.
//
//go:wasmimport wasi_ephemeral_nn load_by_name_with_config
func LoadByNameWithConfig(name unsafe.Pointer, size uint32, config unsafe.Pointer, configSize uint32, graph unsafe.Pointer) int32

// Load builds a model from parts in the guest's memory: an array of [Builder].
//
//go:wasmimport wasi_ephemeral_nn load
func Load(parts unsafe.Pointer, count, encoding, target uint32, graph unsafe.Pointer) int32

// InitExecutionContext starts a context; context points at a uint32.
//
//go:wasmimport wasi_ephemeral_nn init_execution_context
func InitExecutionContext(graph uint32, context unsafe.Pointer) int32

// SetInput gives an input; tensor points at a [Tensor].
//
//go:wasmimport wasi_ephemeral_nn set_input
func SetInput(context, index uint32, tensor unsafe.Pointer) int32

// Compute runs the model.
//
//go:wasmimport wasi_ephemeral_nn compute
func Compute(context uint32) int32

// GetOutput copies an output into a buffer; size points at a uint32.
//
//go:wasmimport wasi_ephemeral_nn get_output
func GetOutput(context, index uint32, buffer unsafe.Pointer, capacity uint32, size unsafe.Pointer) int32

// ComputeSingle generates one token.
//
//go:wasmimport wasi_ephemeral_nn compute_single
func ComputeSingle(context uint32) int32

// GetOutputSingle copies the bytes of the last token, which may be part of a character.
//
//go:wasmimport wasi_ephemeral_nn get_output_single
func GetOutputSingle(context, index uint32, buffer unsafe.Pointer, capacity uint32, size unsafe.Pointer) int32

// FiniSingle ends token-by-token generation.
//
//go:wasmimport wasi_ephemeral_nn fini_single
func FiniSingle(context uint32) int32

// Unload gives a model's memory back.
//
//go:wasmimport wasi_ephemeral_nn unload
func Unload(graph uint32) int32

// FinalizeExecutionContext frees a context.
//
//go:wasmimport wasi_ephemeral_nn finalize_execution_context
func FinalizeExecutionContext(context uint32) int32

// Builder is one part of a model. Pointers in records have 32 bits, Go's own have 64.
type Builder struct {
	Data uint32
	Size uint32
}

// Tensor is an input.
type Tensor struct {
	Dimensions uint32
	Rank       uint32
	Type       uint32
	Data       uint32
	Size       uint32
}

// Set gives an input of size bytes. It keeps everything in place while the host reads it.
func Set(context, index, kind uint32, dimensions []uint32, data unsafe.Pointer, size int) int32 {
	var pins runtime.Pinner
	defer pins.Unpin()
	tensor := Tensor{Rank: uint32(len(dimensions)), Type: kind, Size: uint32(size)}
	if len(dimensions) > 0 {
		pins.Pin(&dimensions[0])
		tensor.Dimensions = uint32(uintptr(unsafe.Pointer(&dimensions[0])))
	}
	if size > 0 {
		pins.Pin((*byte)(data))
		tensor.Data = uint32(uintptr(data))
	}
	return SetInput(context, index, unsafe.Pointer(&tensor))
}

// Text gives an input as bytes.
func Text(context, index uint32, text string) int32 {
	data := []byte(text)
	return Set(context, index, 3, []uint32{uint32(len(data))}, unsafe.Pointer(unsafe.SliceData(data)), len(data))
}

// Parts builds a model from its parts in the guest's memory.
func Parts(parts [][]byte, encoding, target uint32, graph *uint32) int32 {
	var pins runtime.Pinner
	defer pins.Unpin()
	builders := make([]Builder, len(parts))
	for i, part := range parts {
		if data := unsafe.SliceData(part); len(part) > 0 {
			pins.Pin(data)
			builders[i] = Builder{uint32(uintptr(unsafe.Pointer(data))), uint32(len(part))}
		}
	}
	data := unsafe.Pointer(unsafe.SliceData(builders))
	return Load(data, uint32(len(parts)), encoding, target, unsafe.Pointer(graph))
}
