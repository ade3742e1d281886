//! The solar rule of `solar.wat` in Rust. Build:
//!
//! ```sh
//! rustup target add wasm32v1-none
//! rustc --edition 2021 --target wasm32v1-none -O -C panic=abort --crate-type cdylib \
//!     -C link-arg=-zstack-size=65536 -C link-arg=--initial-memory=131072 -C link-arg=--max-memory=1048576 solar.rs
//! fairway rule check solar.wasm
//! ```
#![no_std]

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// The input: 64-bit words from address 0 on.
struct Input {
    words: i32,
}

impl Input {
    /// A word, 0 behind the end.
    fn word(&self, index: i32) -> i64 {
        if index < 0 || index >= self.words {
            return 0;
        }
        // Address 0 is where the host puts the input; black_box keeps the compiler from taking it for a null pointer.
        let begin = core::hint::black_box(0_usize) as *const i64;
        unsafe { begin.offset(index as isize).read_volatile() }
    }

    fn sunny(&self, at: i64) -> i64 {
        let clock = ((at + self.word(11)) % DAY + DAY) % DAY;
        (clock >= 10 * HOUR && clock < 16 * HOUR) as i64
    }

    fn sunny_bps(&self) -> i64 {
        let (mut sun, mut all) = (0, 0);
        for period in 0..self.word(18) as i32 {
            let at = 19 + 4 * period;
            all += self.word(at + 3);
            sun += self.word(at + 3) * self.sunny(self.word(at));
        }
        if all == 0 {
            self.sunny(self.word(9)) * 10_000
        } else {
            sun * 10_000 / all
        }
    }

    fn price(&self) -> i64 {
        self.word(3) * (10_000 - self.sunny_bps() * 15 / 100) / 10_000
    }

    fn share(&self) -> i64 {
        if self.word(12) > 30_000_000 {
            self.word(15) + 200
        } else {
            -1
        }
    }
}

#[no_mangle]
pub extern "C" fn rule(length: i32) -> i64 {
    let input = Input { words: length / 8 };
    match (input.word(0), input.word(1)) {
        (1, 1) => input.price(),
        (1, 2) => input.share(),
        _ => -1,
    }
}
