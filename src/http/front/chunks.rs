//! Finds the end of a chunked body (RFC 9112, 7.1). It accepts the same bytes as actix-http.

/// The part of the body that the next byte must belong to.
#[derive(Debug)]
enum Next {
    SizeFirst,
    SizeRest,
    SizeSpace,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    EndCr,
    Trailer,
    TrailerLf,
    EndLf,
    Over,
}

/// A chunked body of which some bytes have been passed.
#[derive(Debug)]
pub(super) struct Chunks {
    next: Next,
    /// In the size line: the size that has been read so far. In the data: the bytes that are left.
    left: u64,
}

/// The body is not validly chunked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Chunks {
    pub(super) fn begin() -> Chunks {
        Chunks {
            next: Next::SizeFirst,
            left: 0,
        }
    }

    pub(super) fn are_over(&self) -> bool {
        matches!(self.next, Next::Over)
    }

    /// Passes the bytes at the start of `bytes` that belong to the body. Returns their number.
    ///
    /// # Errors
    /// Fails if the body is not validly chunked.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut passed = 0;
        while let Some(byte) = bytes.get(passed)
            && !self.are_over()
        {
            if let Next::Data = self.next {
                let here = (bytes.len() - passed) as u64;
                let taken = self.left.min(here);
                self.left -= taken;
                // `taken` is at most the length of `bytes`.
                passed += usize::try_from(taken).map_err(|_| Broken)?;
                if self.left == 0 {
                    self.next = Next::DataCr;
                }
            } else {
                self.next = self.step(*byte)?;
                passed += 1;
            }
        }
        Ok(passed)
    }

    fn step(&mut self, byte: u8) -> Result<Next, Broken> {
        match (&self.next, byte) {
            (Next::SizeFirst, digit) => {
                self.left = hexadecimal(digit).ok_or(Broken)?;
                Ok(Next::SizeRest)
            }
            (Next::SizeRest | Next::SizeSpace, b'\t' | b' ') => Ok(Next::SizeSpace),
            (Next::SizeRest | Next::SizeSpace, b';') => Ok(Next::Extension),
            (Next::SizeRest | Next::SizeSpace | Next::Extension, b'\r') => Ok(Next::SizeLf),
            (Next::SizeRest, digit) => {
                let digit = hexadecimal(digit).ok_or(Broken)?;
                self.left = self.left.checked_mul(16).ok_or(Broken)? | digit;
                Ok(Next::SizeRest)
            }
            (Next::Extension, b'\t' | b' '..=b'~' | 0x80..) => Ok(Next::Extension),
            (Next::SizeLf, b'\n') if self.left > 0 => Ok(Next::Data),
            (Next::SizeLf, b'\n') => Ok(Next::EndCr),
            (Next::DataCr, b'\r') => Ok(Next::DataLf),
            (Next::DataLf, b'\n') => Ok(Next::SizeFirst),
            (Next::EndCr, b'\r') => Ok(Next::EndLf),
            (Next::Trailer, b'\r') => Ok(Next::TrailerLf),
            (Next::EndCr | Next::Trailer, _) => Ok(Next::Trailer),
            (Next::TrailerLf, b'\n') => Ok(Next::EndCr),
            (Next::EndLf, b'\n') => Ok(Next::Over),
            (
                Next::SizeSpace
                | Next::Extension
                | Next::SizeLf
                | Next::Data
                | Next::DataCr
                | Next::DataLf
                | Next::TrailerLf
                | Next::EndLf
                | Next::Over,
                _,
            ) => Err(Broken),
        }
    }
}

fn hexadecimal(digit: u8) -> Option<u64> {
    char::from(digit).to_digit(16).map(u64::from)
}
