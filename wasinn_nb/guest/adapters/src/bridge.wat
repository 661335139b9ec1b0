;; The adapter has a memory of its own, which no allocator of a guest knows of; this copies between
;; the two. Who calls has checked the guest's addresses.
(module
  (import "env" "memory" (memory $guest 0))
  (memory $own (export "memory") 4)
  (func (export "read") (param $own i32) (param $guest i32) (param $size i32)
    (memory.copy $own $guest (local.get $own) (local.get $guest) (local.get $size)))
  (func (export "write") (param $guest i32) (param $own i32) (param $size i32)
    (memory.copy $guest $own (local.get $guest) (local.get $own) (local.get $size)))
  (func (export "pages") (result i32)
    (memory.size $guest)))
