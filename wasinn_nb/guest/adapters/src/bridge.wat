;; The adapter has a memory of its own, which no allocator of a guest knows of; this copies between
;; the two. Who calls has checked the guest's addresses.
(module
  (import "wasinn:peek" "pages" (func $pages (result i32)))
  (import "wasinn:peek" "load" (func $load (param i32) (result i64 i64)))
  (import "wasinn:peek" "load1" (func $load1 (param i32) (result i32)))
  (import "wasinn:peek" "store" (func $store (param i32 i64 i64)))
  (import "wasinn:peek" "store1" (func $store1 (param i32 i32)))
  (memory (export "memory") 4)
  (export "pages" (func $pages))
  (func (export "read") (param $own i32) (param $guest i32) (param $size i32)
    (local $high i64) (local $low i64)
    (block $tail
      (loop $wide
        (br_if $tail (i32.lt_u (local.get $size) (i32.const 16)))
        (call $load (local.get $guest))
        (local.set $high)
        (local.set $low)
        (i64.store (local.get $own) (local.get $low))
        (i64.store offset=8 (local.get $own) (local.get $high))
        (local.set $own (i32.add (local.get $own) (i32.const 16)))
        (local.set $guest (i32.add (local.get $guest) (i32.const 16)))
        (local.set $size (i32.sub (local.get $size) (i32.const 16)))
        (br $wide)))
    (block $done
      (loop $narrow
        (br_if $done (i32.eqz (local.get $size)))
        (i32.store8 (local.get $own) (call $load1 (local.get $guest)))
        (local.set $own (i32.add (local.get $own) (i32.const 1)))
        (local.set $guest (i32.add (local.get $guest) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $narrow))))
  (func (export "write") (param $guest i32) (param $own i32) (param $size i32)
    (block $tail
      (loop $wide
        (br_if $tail (i32.lt_u (local.get $size) (i32.const 16)))
        (call $store (local.get $guest)
          (i64.load (local.get $own)) (i64.load offset=8 (local.get $own)))
        (local.set $own (i32.add (local.get $own) (i32.const 16)))
        (local.set $guest (i32.add (local.get $guest) (i32.const 16)))
        (local.set $size (i32.sub (local.get $size) (i32.const 16)))
        (br $wide)))
    (block $done
      (loop $narrow
        (br_if $done (i32.eqz (local.get $size)))
        (call $store1 (local.get $guest) (i32.load8_u (local.get $own)))
        (local.set $own (i32.add (local.get $own) (i32.const 1)))
        (local.set $guest (i32.add (local.get $guest) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $narrow)))))
