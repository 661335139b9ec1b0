// The functions of the WebAssembly module wasi_ephemeral_nn. Only those that a program calls become
// imports of it. Every function returns 0, or the number of what went wrong.

// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "load")
export declare function load(parts: usize, count: u32, encoding: u32, target: u32, graph: usize): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "load_by_name")
export declare function load_by_name(name: usize, size: u32, graph: usize): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "load_by_name_with_config")
export declare function load_by_name_with_config(
  name: usize,
  size: u32,
  config: usize,
  configSize: u32,
  graph: usize,
): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "init_execution_context")
export declare function init_execution_context(graph: u32, context: usize): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "set_input")
export declare function set_input(context: u32, index: u32, tensor: usize): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "compute")
export declare function compute(context: u32): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "get_output")
export declare function get_output(
  context: u32,
  index: u32,
  buffer: usize,
  capacity: u32,
  size: usize,
): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "compute_single")
export declare function compute_single(context: u32): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "get_output_single")
export declare function get_output_single(
  context: u32,
  index: u32,
  buffer: usize,
  capacity: u32,
  size: usize,
): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "fini_single")
export declare function fini_single(context: u32): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "unload")
export declare function unload(graph: u32): i32;
// @ts-ignore: decorator
@external("wasi_ephemeral_nn", "finalize_execution_context")
export declare function finalize_execution_context(context: u32): i32;
