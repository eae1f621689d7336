;; Where the elements of a JSON array begin and end, 64 bytes at a time: a bit for each byte tells of quotes, backslashes
;; and brackets; a running exclusive or of the quotes' bits tells what lies within strings. `[` and `{` differ in one bit
;; only, as `]` and `}` do, so that brackets of both kinds count alike.
;;
;; Bytes are put at 0, filled up with blanks to a multiple of 64; offsets come at 32832, four bytes each: of brackets that
;; open an element, that close one, and in the end of the one that closes the array. What is open at the end of the bytes
;; is known at the next call.
;;
;; `npm run generate` makes element-walk-module.ts of it.
(module
  (memory (export "memory") 3)
  (global $depth (mut i32) (i32.const 0))
  (global $inString (mut i64) (i64.const 0))
  (global $escaped (mut i64) (i64.const 0))

  ;; Before the first bytes of an array, which begin with its bracket.
  (func (export "begin")
    (global.set $depth (i32.const 0))
    (global.set $inString (i64.const 0))
    (global.set $escaped (i64.const 0)))

  ;; How many brackets are open.
  (func (export "depth") (result i32) (global.get $depth))

  ;; Goes over so many bytes, or up to the bracket that closes the array. Returns where the offsets end.
  (func (export "walk") (param $length i32) (result i32)
    (local $at i32) (local $out i32) (local $depth i32) (local $closings i32)
    (local $quotes i64) (local $slashes i64) (local $opens i64) (local $closes i64) (local $bit i64) (local $skip i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $out (i32.const 32832))
    (local.set $depth (global.get $depth))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $a (v128.load (local.get $at)))
        (local.set $b (v128.load offset=16 (local.get $at)))
        (local.set $c (v128.load offset=32 (local.get $at)))
        (local.set $d (v128.load offset=48 (local.get $at)))
        (local.set $quotes
          (i64.or
            (i64.or
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $a) (v128.const i8x16 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22))))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $b) (v128.const i8x16 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22)))) (i64.const 16)))
            (i64.or
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $c) (v128.const i8x16 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22)))) (i64.const 32))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $d) (v128.const i8x16 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22 0x22)))) (i64.const 48)))))
        (local.set $slashes
          (i64.or
            (i64.or
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $a) (v128.const i8x16 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c))))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $b) (v128.const i8x16 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c)))) (i64.const 16)))
            (i64.or
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $c) (v128.const i8x16 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c)))) (i64.const 32))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $d) (v128.const i8x16 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c 0x5c)))) (i64.const 48)))))
        ;; A backslash takes the byte behind it along, also over the end of the 64.
        (if (i64.ne (i64.or (local.get $slashes) (global.get $escaped)) (i64.const 0))
          (then
            (local.set $skip (global.get $escaped))
            (local.set $slashes (i64.and (local.get $slashes) (i64.xor (global.get $escaped) (i64.const -1))))
            (global.set $escaped (i64.const 0))
            (block $done
              (loop $slash
                (br_if $done (i64.eqz (local.get $slashes)))
                (local.set $bit (i64.ctz (local.get $slashes)))
                (if (i64.eq (local.get $bit) (i64.const 63))
                  (then
                    (global.set $escaped (i64.const 1))
                    (br $done)))
                (local.set $skip (i64.or (local.get $skip) (i64.shl (i64.const 2) (local.get $bit))))
                (local.set $slashes (i64.and (local.get $slashes) (i64.xor (i64.shl (i64.const 3) (local.get $bit)) (i64.const -1))))
                (br $slash)))
            (local.set $quotes (i64.and (local.get $quotes) (i64.xor (local.get $skip) (i64.const -1))))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 1))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 2))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 4))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 8))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 16))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 32))))
        (local.set $quotes (i64.xor (local.get $quotes) (global.get $inString)))
        (global.set $inString (i64.shr_s (local.get $quotes) (i64.const 63)))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.const -1)))
        (local.set $a (v128.or (local.get $a) (v128.const i8x16 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20)))
        (local.set $b (v128.or (local.get $b) (v128.const i8x16 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20)))
        (local.set $c (v128.or (local.get $c) (v128.const i8x16 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20)))
        (local.set $d (v128.or (local.get $d) (v128.const i8x16 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20 0x20)))
        (local.set $opens
          (i64.and (local.get $quotes)
            (i64.or
              (i64.or
                (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $a) (v128.const i8x16 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b))))
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $b) (v128.const i8x16 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b)))) (i64.const 16)))
              (i64.or
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $c) (v128.const i8x16 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b)))) (i64.const 32))
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $d) (v128.const i8x16 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b 0x7b)))) (i64.const 48))))))
        (local.set $closes
          (i64.and (local.get $quotes)
            (i64.or
              (i64.or
                (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $a) (v128.const i8x16 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d))))
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $b) (v128.const i8x16 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d)))) (i64.const 16)))
              (i64.or
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $c) (v128.const i8x16 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d)))) (i64.const 32))
                (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $d) (v128.const i8x16 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d 0x7d)))) (i64.const 48))))))
        (local.set $closings (i32.wrap_i64 (i64.popcnt (local.get $closes))))
        (if (i32.ge_s (i32.sub (local.get $depth) (local.get $closings)) (i32.const 2))
          ;; No element ends here, and so none begins.
          (then
            (local.set $depth
              (i32.add
                (i32.sub (local.get $depth) (local.get $closings))
                (i32.wrap_i64 (i64.popcnt (local.get $opens))))))
          (else
            (local.set $closes (i64.or (local.get $opens) (local.get $closes)))
            (block $done
              (loop $bracket
                (br_if $done (i64.eqz (local.get $closes)))
                (local.set $bit (i64.ctz (local.get $closes)))
                (if (i64.ne (i64.and (local.get $opens) (i64.shl (i64.const 1) (local.get $bit))) (i64.const 0))
                  (then
                    (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
                    (if (i32.eq (local.get $depth) (i32.const 2))
                      (then
                        (i32.store (local.get $out) (i32.add (local.get $at) (i32.wrap_i64 (local.get $bit))))
                        (local.set $out (i32.add (local.get $out) (i32.const 4))))))
                  (else
                    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
                    (if (i32.le_s (local.get $depth) (i32.const 1))
                      (then
                        (i32.store (local.get $out) (i32.add (local.get $at) (i32.wrap_i64 (local.get $bit))))
                        (local.set $out (i32.add (local.get $out) (i32.const 4)))))
                    (br_if $end (i32.eqz (local.get $depth)))))
                (local.set $closes (i64.and (local.get $closes) (i64.sub (local.get $closes) (i64.const 1))))
                (br $bracket)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (global.set $depth (local.get $depth))
    (local.get $out)))
