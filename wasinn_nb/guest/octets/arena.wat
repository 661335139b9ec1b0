;; A memory for what one call passes, and how bytes become ASCII in it and back (abi/wit/planes.py).
;; Nothing of one call outlives it: `begin` frees all.
(module $wasinn_octets
  (memory $arena (export "memory") 1)
  (global $next (mut i32) (i32.const 0))
  (global $busy (mut i32) (i32.const 0))

  ;; what a function between is given that stands for another one
  (func (export "new") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "data") (param i32 i32) unreachable)
  (func (export "load") (param i32 i32 i32 i32 i32) unreachable)

  ;; names of these are the words of a trap (trap.py)
  (func $out_of_memory unreachable)
  (func $call_within_a_call unreachable)

  (func (export "begin")
    (if (global.get $busy) (then (call $call_within_a_call)))
    (global.set $busy (i32.const 1))
    (global.set $next (i32.const 16)))

  (func (export "end") (global.set $busy (i32.const 0)))

  (func $take (export "take") (param $size i64) (result i32)
    (local $at i64) (local $end i64)
    (local.set $at (i64.extend_i32_u (global.get $next)))
    ;; the next one is aligned as well
    (local.set $end
      (i64.and (i64.add (i64.add (local.get $at) (local.get $size)) (i64.const 15)) (i64.const -16)))
    (if (i64.ge_u (local.get $end) (i64.const 0xffff0000)) (then (call $out_of_memory)))
    (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow
                (i32.sub
                  (i32.wrap_i64 (i64.shr_u (i64.add (local.get $end) (i64.const 65535)) (i64.const 16)))
                  (memory.size))))
          (then (call $out_of_memory)))))
    (global.set $next (i32.wrap_i64 (local.get $end)))
    (i32.wrap_i64 (local.get $at)))

  ;; for wasmtime, which asks once for each text, and for its final size
  (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32)
    (result i32)
    (local $at i32)
    (local.set $at (call $take (i64.extend_i32_u (local.get $size))))
    (if (local.get $old)
      (then
        (memory.copy (local.get $at) (local.get $old)
          (select (local.get $old_size) (local.get $size)
            (i32.lt_u (local.get $old_size) (local.get $size))))))
    (local.get $at))

  (func $is_ascii (param $at i32) (param $size i32) (result i32)
    (local $end i32) (local $wide i32)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (local.set $wide (i32.sub (local.get $end) (i32.and (local.get $size) (i32.const 15))))
    (block $narrow
      (loop $again
        (br_if $narrow (i32.ge_u (local.get $at) (local.get $wide)))
        (if (i8x16.bitmask (v128.load (local.get $at))) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $again)))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.and (i32.load8_u (local.get $at)) (i32.const 0x80)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $again)))
    (i32.const 1))

  ;; Make the bytes there ASCII, where there is room for 8 * ceil(size / 7) + 1; returns their number.
  (func (export "pack") (param $at i32) (param $size i32) (result i32)
    (local $row i32) (local $marks i32) (local $mark i32) (local $place i32) (local $bit i32)
    (local $end i32) (local $wide i32) (local $v v128)
    (if (call $is_ascii (local.get $at) (local.get $size))
      (then
        (i32.store8 (i32.add (local.get $at) (local.get $size)) (i32.const 7))
        (return (i32.add (local.get $size) (i32.const 1)))))
    (local.set $row
      (i32.add (i32.div_u (i32.sub (local.get $size) (i32.const 1)) (i32.const 7)) (i32.const 1)))
    (local.set $marks (i32.add (local.get $at) (i32.mul (local.get $row) (i32.const 7))))
    (memory.fill (i32.add (local.get $at) (local.get $size)) (i32.const 0)
      (i32.sub (i32.mul (local.get $row) (i32.const 8)) (local.get $size)))
    (local.set $place (local.get $at))
    (loop $rows
      (local.set $end (i32.add (local.get $place) (local.get $row)))
      (local.set $wide (i32.sub (local.get $end) (i32.and (local.get $row) (i32.const 15))))
      (local.set $mark (local.get $marks))
      (block $narrow
        (loop $again
          (br_if $narrow (i32.ge_u (local.get $place) (local.get $wide)))
          (local.set $v (v128.load (local.get $place)))
          (v128.store (local.get $mark)
            (v128.or (v128.load (local.get $mark))
              (i64x2.shr_u (v128.and (local.get $v) (i8x16.splat (i32.const 0x80)))
                (i32.sub (i32.const 7) (local.get $bit)))))
          (v128.store (local.get $place) (v128.and (local.get $v) (i8x16.splat (i32.const 0x7f))))
          (local.set $place (i32.add (local.get $place) (i32.const 16)))
          (local.set $mark (i32.add (local.get $mark) (i32.const 16)))
          (br $again)))
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $place) (local.get $end)))
          (i32.store8 (local.get $mark)
            (i32.or (i32.load8_u (local.get $mark))
              (i32.shl (i32.shr_u (i32.load8_u (local.get $place)) (i32.const 7)) (local.get $bit))))
          (i32.store8 (local.get $place)
            (i32.and (i32.load8_u (local.get $place)) (i32.const 0x7f)))
          (local.set $place (i32.add (local.get $place) (i32.const 1)))
          (local.set $mark (i32.add (local.get $mark) (i32.const 1)))
          (br $again)))
      (br_if $rows
        (i32.lt_u (local.tee $bit (i32.add (local.get $bit) (i32.const 1))) (i32.const 7))))
    (i32.store8 (local.get $mark)
      (i32.sub (i32.mul (local.get $row) (i32.const 7)) (local.get $size)))
    (i32.add (i32.mul (local.get $row) (i32.const 8)) (i32.const 1)))

  ;; Make them the bytes again that they were; returns their number.
  (func (export "unpack") (param $at i32) (param $size i32) (result i32)
    (local $row i32) (local $marks i32) (local $mark i32) (local $place i32) (local $bit i32)
    (local $end i32) (local $wide i32) (local $fill i32)
    (local.set $size (i32.sub (local.get $size) (i32.const 1)))
    (local.set $fill (i32.load8_u (i32.add (local.get $at) (local.get $size))))
    (if (i32.eq (local.get $fill) (i32.const 7)) (then (return (local.get $size))))
    (local.set $row (i32.div_u (local.get $size) (i32.const 8)))
    (local.set $marks (i32.add (local.get $at) (i32.mul (local.get $row) (i32.const 7))))
    (local.set $place (local.get $at))
    (loop $rows
      (local.set $end (i32.add (local.get $place) (local.get $row)))
      (local.set $wide (i32.sub (local.get $end) (i32.and (local.get $row) (i32.const 15))))
      (local.set $mark (local.get $marks))
      (block $narrow
        (loop $again
          (br_if $narrow (i32.ge_u (local.get $place) (local.get $wide)))
          (v128.store (local.get $place)
            (v128.or (v128.load (local.get $place))
              (v128.and
                (i64x2.shl (v128.load (local.get $mark)) (i32.sub (i32.const 7) (local.get $bit)))
                (i8x16.splat (i32.const 0x80)))))
          (local.set $place (i32.add (local.get $place) (i32.const 16)))
          (local.set $mark (i32.add (local.get $mark) (i32.const 16)))
          (br $again)))
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $place) (local.get $end)))
          (i32.store8 (local.get $place)
            (i32.or (i32.load8_u (local.get $place))
              (i32.and
                (i32.shl (i32.load8_u (local.get $mark)) (i32.sub (i32.const 7) (local.get $bit)))
                (i32.const 0x80))))
          (local.set $place (i32.add (local.get $place) (i32.const 1)))
          (local.set $mark (i32.add (local.get $mark) (i32.const 1)))
          (br $again)))
      (br_if $rows
        (i32.lt_u (local.tee $bit (i32.add (local.get $bit) (i32.const 1))) (i32.const 7))))
    (i32.sub (i32.mul (local.get $row) (i32.const 7)) (local.get $fill))))
