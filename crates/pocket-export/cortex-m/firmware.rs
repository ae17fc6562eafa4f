//! The exported crate with the interface of `digit.h`, so that `main.c` drives it too.

#![no_std]

use core::panic::PanicInfo;

use digit::{CLASSES, PIXELS, Reader};

/// Its memory is on the stack, which is measured.
// That no other function has this name is what the compiler cannot check.
#[unsafe(no_mangle)]
pub extern "C" fn digit_predict(image: &[u8; PIXELS], scores: &mut [i32; CLASSES]) -> i32 {
    let (digit, found) = Reader::new().read(image);
    *scores = found;
    digit as i32
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
