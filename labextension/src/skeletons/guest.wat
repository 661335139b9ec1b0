(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $open (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $give (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute_single" (func $next (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output_single"
    (func $piece (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)

  ;; 0: the number of arguments   4: their bytes   8: graph   12: context   16: written
  (data (i32.const 32) "default")
  (data (i32.const 48) "\01\00\00\00")                 ;; the shape: [1]
  (data (i32.const 64)                                 ;; a tensor: shape, type u8, bytes
    "\30\00\00\00" "\01\00\00\00" "\03\00\00\00" "\00\00\00\00" "\00\00\00\00")
  (data (i32.const 96) "\00\01\00\00" "\00\00\00\00")  ;; an iovec: what is at 256
  ;; 256: a piece of text   1024: pointers to the arguments   2048: the arguments

  (func $check (param $error i32)
    (if (local.get $error) (then (call $exit (local.get $error)))))

  (func (export "_start") (local $prompt i32)
    (call $check (call $load (i32.const 32) (i32.const 7) (i32.const 8)))
    (call $check (call $open (i32.load (i32.const 8)) (i32.const 12)))

    ;; the prompt is the last argument
    (call $check (call $sizes (i32.const 0) (i32.const 4)))
    (call $check (call $args (i32.const 1024) (i32.const 2048)))
    (local.set $prompt
      (i32.load (i32.add (i32.const 1020) (i32.mul (i32.const 4) (i32.load (i32.const 0))))))
    (i32.store (i32.const 76) (local.get $prompt))
    (i32.store (i32.const 80)
      (i32.sub (i32.add (i32.const 2047) (i32.load (i32.const 4))) (local.get $prompt)))
    (call $check (call $write (i32.const 1) (i32.const 76) (i32.const 1) (i32.const 16)))
    (call $check (call $give (i32.load (i32.const 12)) (i32.const 0) (i32.const 64)))

    (block $end
      (loop $more
        (br_if $end (call $next (i32.load (i32.const 12))))
        (call $check
          (call $piece (i32.load (i32.const 12)) (i32.const 0)
            (i32.const 256) (i32.const 512) (i32.const 100)))
        (call $check (call $write (i32.const 1) (i32.const 96) (i32.const 1) (i32.const 16)))
        (br $more)))))
