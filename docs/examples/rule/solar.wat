;; The solar rule: energy that flows while the sun shines costs less, and the home utility earns more on long charges.
;;
;; Price: energy in periods that begin between 10:00 and 16:00 local time costs 15 % less than the base rule's price; the price of
;; a line is the mean by energy. Before a charge, when no energy is known, the time alone decides.
;; Share: above 30 kWh the home utility gets 2 percentage points more, and the visited utility as much less.
;;
;; docs/rules.md explains the words of the input. Build: fairway rule build solar.wat
(module
  (memory (export "memory") 1 1)

  ;; Word number $i of the input.
  (func $word (param $i i32) (result i64)
    (i64.load (i32.shl (local.get $i) (i32.const 3))))

  ;; 1 when the sun shines at $at (milliseconds since 1970, UTC), else 0. Word 11 makes it local time; the double remainder makes it
  ;; positive, for times before 1970 too.
  (func $sunny (param $at i64) (result i64)
    (local $clock i64)
    (local.set $clock
      (i64.rem_s
        (i64.add
          (i64.rem_s (i64.add (local.get $at) (call $word (i32.const 11))) (i64.const 86400000))
          (i64.const 86400000))
        (i64.const 86400000)))
    (i64.extend_i32_u
      (i32.and
        (i64.ge_s (local.get $clock) (i64.const 36000000))
        (i64.lt_s (local.get $clock) (i64.const 57600000)))))

  ;; Energy of the periods in the sun, in basis points of all energy.
  (func $sunny_bps (result i64)
    (local $at i32) (local $left i64) (local $sun i64) (local $all i64)
    (local.set $at (i32.const 19))
    (local.set $left (call $word (i32.const 18)))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $left)))
        (local.set $all
          (i64.add (local.get $all) (call $word (i32.add (local.get $at) (i32.const 3)))))
        (local.set $sun
          (i64.add (local.get $sun)
            (i64.mul
              (call $word (i32.add (local.get $at) (i32.const 3)))
              (call $sunny (call $word (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
        (br $next)))
    (if (result i64) (i64.eqz (local.get $all))
      (then (i64.mul (call $sunny (call $word (i32.const 9))) (i64.const 10000)))
      (else (i64.div_s (i64.mul (local.get $sun) (i64.const 10000)) (local.get $all)))))

  (func $price (result i64)
    ;; base * (10000 - 15 % of the sunny part) / 10000
    (i64.div_s
      (i64.mul
        (call $word (i32.const 3))
        (i64.sub
          (i64.const 10000)
          (i64.div_s (i64.mul (call $sunny_bps) (i64.const 15)) (i64.const 100))))
      (i64.const 10000)))

  (func $share (result i64)
    (if (result i64) (i64.gt_s (call $word (i32.const 12)) (i64.const 30000000))
      (then (i64.add (call $word (i32.const 15)) (i64.const 200)))
      (else (i64.const -1))))

  ;; The one door: how many bytes of input lie at address 0; gives the answer, or -1 for "as the base rule says".
  (func (export "rule") (param $length i32) (result i64)
    (if (i64.ne (call $word (i32.const 0)) (i64.const 1)) (then (return (i64.const -1))))
    (if (i64.eq (call $word (i32.const 1)) (i64.const 1)) (then (return (call $price))))
    (if (i64.eq (call $word (i32.const 1)) (i64.const 2)) (then (return (call $share))))
    (i64.const -1)))
