;; The guest's memory, a few bytes at a time, for the bridge: a module has one memory, so that those
;; who make JavaScript of components can take it.
(module
  (import "env" "memory" (memory 0))
  (func (export "pages") (result i32)
    memory.size)
  (func (export "load") (param $at i32) (result i64 i64)
    (i64.load (local.get $at))
    (i64.load offset=8 (local.get $at)))
  (func (export "load1") (param $at i32) (result i32)
    (i32.load8_u (local.get $at)))
  (func (export "store") (param $at i32) (param $low i64) (param $high i64)
    (i64.store (local.get $at) (local.get $low))
    (i64.store offset=8 (local.get $at) (local.get $high)))
  (func (export "store1") (param $at i32) (param $byte i32)
    (i32.store8 (local.get $at) (local.get $byte))))
