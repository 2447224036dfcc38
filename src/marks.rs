//! Marks on memory for valgrind (docs/side-channels.md): which bytes are secret, and where what was made of them
//! becomes public by design. Under `--cfg strongroom_lab` memcheck is told to treat secret bytes as undefined, and
//! so reports each branch and each address that depends on one. In an ordinary build there is nothing here to run.

#[cfg(all(feature = "alloc", strongroom_lab))]
pub use imp::{errors, marked};

/// These bytes are secret from here on.
#[inline(always)]
pub(crate) fn secret(bytes: &mut [u8]) {
    #[cfg(strongroom_lab)]
    imp::mark(imp::Request::Undefined, bytes);
    let _ = bytes;
}

/// These bytes, and not what they point to, are public from here on, for the reason that docs/side-channels.md gives
/// beside `door`.
#[inline(always)]
pub(crate) fn declassify<T: ?Sized>(door: &'static str, value: &T) {
    #[cfg(strongroom_lab)]
    imp::mark(imp::Request::Defined, value);
    let _ = (door, value);
}

/// The same for a value on its way, a verdict above all.
#[inline(always)]
pub(crate) fn declassified<T>(door: &'static str, value: T) -> T {
    #[cfg(strongroom_lab)]
    let value = imp::defined(value);
    let _ = door;
    value
}

#[cfg(strongroom_lab)]
mod imp {
    /// Client requests of memcheck.h and valgrind.h.
    #[derive(Clone, Copy)]
    #[repr(usize)]
    pub(super) enum Request {
        /// Whether this runs under valgrind.
        Running = 0x1001,
        /// How many errors were reported so far.
        Errors = 0x1201,
        Undefined = 0x4d43_0001,
        Defined = 0x4d43_0002,
        /// Copies the marks of one piece of memory, a bit each, into another.
        Marks = 0x4d43_0008,
    }

    pub(super) fn mark<T: ?Sized>(request: Request, value: &T) {
        ask(request, [address(value), size_of_val(value), 0]);
    }

    /// The compiler must not believe that nobody else can reach the value.
    fn address<T: ?Sized>(value: &T) -> usize {
        core::ptr::from_ref(value).cast::<u8>().expose_provenance()
    }

    pub(super) fn defined<T>(value: T) -> T {
        let value = core::hint::black_box(value);
        mark(Request::Defined, &value);
        // From memory again: a copy in a register would keep its mark.
        core::hint::black_box(value)
    }

    /// How many errors valgrind has reported, without those that it suppresses; `None` where there is no valgrind.
    #[must_use]
    pub fn errors() -> Option<usize> {
        (ask(Request::Running, [0; 3]) != 0).then(|| ask(Request::Errors, [0; 3]))
    }

    /// How many of the bytes are marked as secret.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn marked(bytes: &[u8]) -> usize {
        let mut marks = alloc::vec![0u8; bytes.len()];
        ask(Request::Marks, [address(bytes), marks.as_mut_ptr().expose_provenance(), bytes.len()]);
        marks.iter().filter(|mark| **mark != 0).count()
    }

    /// Asks valgrind; 0 where there is none.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    #[inline(never)]
    fn ask(request: Request, [a, b, c]: [usize; 3]) -> usize {
        let arguments = [request as usize, a, b, c, 0, 0];
        let mut answer = 0;
        // SAFETY: on a processor the four rotations turn rdi by 128 bits, which is not at all, and the exchange of
        // rbx with itself does nothing. Valgrind takes them for a request: it reads the six words at rax, writes
        // its answer to rdx, and changes its own marks. `Marks` alone writes to memory of this program, and its one
        // caller, `marked`, gives it a buffer of the length it names. As far as the compiler knows the block reads
        // and writes any memory, so that nothing is kept in registers across it.
        unsafe {
            core::arch::asm!(
                "rol rdi, 3",
                "rol rdi, 13",
                "rol rdi, 61",
                "rol rdi, 51",
                "xchg rbx, rbx",
                in("rax") arguments.as_ptr(),
                inout("rdx") answer,
                options(nostack),
            );
        }
        answer
    }

    /// Other processors have no such requests here.
    #[cfg(not(target_arch = "x86_64"))]
    fn ask(_: Request, _: [usize; 3]) -> usize {
        0
    }
}
