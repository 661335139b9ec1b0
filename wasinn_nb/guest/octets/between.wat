;; What stands between a guest and the functions of wasi:nn that take or give bytes.
;; One instance for each function that the guest has lowered; of the others it is given stand-ins.
(module $wasinn_octets
  (import "guest" "memory" (memory $guest 0))
  (import "arena" "memory" (memory $arena 1))
  (import "arena" "begin" (func $begin))
  (import "arena" "end" (func $end))
  (import "arena" "take" (func $take (param i64) (result i32)))
  (import "arena" "pack" (func $pack (param i32 i32) (result i32)))
  (import "arena" "unpack" (func $unpack (param i32 i32) (result i32)))
  (import "realloc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (import "new" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
  (import "data" "data" (func $data (param i32 i32)))
  (import "load" "load" (func $load (param i32 i32 i32 i32 i32)))

  ;; names of these are the words of a trap (trap.py)
  (func $pointer_that_is_not_aligned unreachable)

  (func $check_aligned (param $at i32)
    (if (i32.and (local.get $at) (i32.const 3)) (then (call $pointer_that_is_not_aligned))))

  ;; what is not there traps as any access there would
  (func $check_there (param $at i32) (param $size i64)
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $at)) (local.get $size))
          (i64.shl (i64.extend_i32_u (memory.size $guest)) (i64.const 16)))
      (then (drop (i32.load8_u $guest offset=0xffffffff (i32.const -1))))))

  (func $list (param $at i32) (param $size i64) (result i32)
    (local $copy i32)
    (call $check_aligned (local.get $at))
    (call $check_there (local.get $at) (local.get $size))
    (local.set $copy (call $take (local.get $size)))
    (memory.copy $arena $guest (local.get $copy) (local.get $at) (i32.wrap_i64 (local.get $size)))
    (local.get $copy))

  (func $bytes (param $at i32) (param $size i32) (result i32 i32)
    (local $copy i32)
    (call $check_there (local.get $at) (i64.extend_i32_u (local.get $size)))
    (local.set $copy
      (call $take
        (i64.add (i64.const 9)
          (i64.mul (i64.const 8) (i64.div_u (i64.extend_i32_u (local.get $size)) (i64.const 7))))))
    (memory.copy $arena $guest (local.get $copy) (local.get $at) (local.get $size))
    (local.get $copy)
    (call $pack (local.get $copy) (local.get $size)))

  ;; [constructor]tensor
  (func (export "new") (param $dims i32) (param $rank i32) (param $type i32) (param $at i32)
    (param $size i32) (result i32)
    (local $tensor i32)
    (call $begin)
    (call $list (local.get $dims)
      (i64.mul (i64.extend_i32_u (local.get $rank)) (i64.const 4)))
    (local.get $rank)
    (local.get $type)
    (call $bytes (local.get $at) (local.get $size))
    (local.set $tensor (call $new))
    (call $end)
    (local.get $tensor))

  ;; [method]tensor.data
  (func (export "data") (param $tensor i32) (param $to i32)
    (local $area i32) (local $from i32) (local $size i32) (local $at i32)
    (call $begin)
    (call $check_aligned (local.get $to))
    (local.set $area (call $take (i64.const 8)))
    (call $data (local.get $tensor) (local.get $area))
    (local.set $from (i32.load $arena (local.get $area)))
    (local.set $size (call $unpack (local.get $from) (i32.load $arena offset=4 (local.get $area))))
    (local.set $at
      (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $size)))
    (call $check_there (local.get $at) (i64.extend_i32_u (local.get $size)))
    (memory.copy $guest $arena (local.get $at) (local.get $from) (local.get $size))
    (i32.store $guest (local.get $to) (local.get $at))
    (i32.store $guest offset=4 (local.get $to) (local.get $size))
    (call $end))

  ;; load
  (func (export "load") (param $parts i32) (param $count i32) (param $encoding i32)
    (param $target i32) (param $to i32)
    (local $list i32) (local $part i32) (local $end i32) (local $at i32) (local $size i32)
    (call $begin)
    (call $check_aligned (local.get $to))
    (local.set $list
      (call $list (local.get $parts)
        (i64.mul (i64.extend_i32_u (local.get $count)) (i64.const 8))))
    (local.set $part (local.get $list))
    (local.set $end (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 3))))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $part) (local.get $end)))
        (call $bytes
          (i32.load $arena (local.get $part)) (i32.load $arena offset=4 (local.get $part)))
        (local.set $size)
        (local.set $at)
        (i32.store $arena (local.get $part) (local.get $at))
        (i32.store $arena offset=4 (local.get $part) (local.get $size))
        (local.set $part (i32.add (local.get $part) (i32.const 8)))
        (br $again)))
    (local.set $at (call $take (i64.const 8)))
    (call $load (local.get $list) (local.get $count) (local.get $encoding) (local.get $target)
      (local.get $at))
    (i32.store8 $guest (local.get $to) (i32.load8_u $arena (local.get $at)))
    (i32.store $guest offset=4 (local.get $to) (i32.load $arena offset=4 (local.get $at)))
    (call $end)))
