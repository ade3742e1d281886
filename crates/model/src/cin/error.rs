//! Why typed, scanned or received text is no CIN.

use core::fmt;

/// The longest text, in bytes, that is read as a CIN; longer text is refused unread.
pub const MAX_CIN_TEXT: usize = 64;

/// Why text is no CIN or CIN prefix. Positions count characters from 1. No variant holds more than one typed character or the
/// country, so an error may be logged; none tells the right check digit, so a screen does not complete a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CinError {
    /// No text.
    Empty,
    /// More than [`MAX_CIN_TEXT`] bytes; holds how many.
    TooLong(usize),
    /// The wrong number of digits.
    Length {
        /// Digits found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A character that looks like, or is, a digit of another script, or a letter that is mistaken for one.
    LookAlike {
        /// Where.
        at: usize,
        /// What was found.
        found: char,
        /// The ASCII digit that was probably meant, where it is known.
        meant: Option<char>,
    },
    /// A space or hyphen that does not stand singly between two digits.
    Separator {
        /// Where.
        at: usize,
    },
    /// Any other character.
    Unexpected {
        /// Where.
        at: usize,
        /// What was found.
        found: char,
    },
    /// The check digit does not fit the others.
    Mistyped,
    /// The first three digits are no country of ISO 3166-1.
    UnknownCountry([char; 3]),
    /// The service digit has no meaning.
    UnknownService(u8),
    /// A customer number greater than 999,999,999.
    CustomerRange(u32),
}

impl CinError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong(_) => "too-long",
            Self::Length { .. } => "length",
            Self::LookAlike { .. } => "look-alike",
            Self::Separator { .. } => "separator",
            Self::Unexpected { .. } => "unexpected-character",
            Self::Mistyped => "mistyped",
            Self::UnknownCountry(_) => "unknown-country",
            Self::UnknownService(_) => "unknown-service",
            Self::CustomerRange(_) => "customer-range",
        }
    }
}

impl fmt::Display for CinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(
                f,
                "nothing was entered: type the 18 to 20 digits on the card"
            ),
            Self::TooLong(n) => write!(
                f,
                "{n} bytes of text: a number has at most 20 digits, in at most {MAX_CIN_TEXT} bytes"
            ),
            Self::Length { found, min, max } => {
                write!(f, "{found} digits: the number has {min} to {max}")
            }
            Self::LookAlike {
                at,
                found,
                meant: Some(meant),
            } => {
                write!(
                    f,
                    "character {at} is {found:?} (U+{:04X}), which only looks like the digit {meant}: type 0 to 9",
                    u32::from(*found)
                )
            }
            Self::LookAlike {
                at,
                found,
                meant: None,
            } => {
                write!(
                    f,
                    "character {at} is {found:?} (U+{:04X}), a digit of another script: type 0 to 9",
                    u32::from(*found)
                )
            }
            Self::Separator { at } => {
                write!(
                    f,
                    "separator at character {at}: a space or hyphen stands singly between two digits"
                )
            }
            Self::Unexpected { at, found } => {
                write!(
                    f,
                    "character {at} is {found:?} (U+{:04X}): only digits, single spaces and single hyphens",
                    u32::from(*found)
                )
            }
            Self::Mistyped => write!(f, "a digit is mistyped: compare the number with the card"),
            Self::UnknownCountry(c) => {
                write!(
                    f,
                    "the number begins with {}: not a country of ISO 3166-1",
                    c.iter().collect::<String>()
                )
            }
            Self::UnknownService(d) => write!(
                f,
                "service digit {d}: 1 is standard, 2 is priority, 3 is fleet"
            ),
            Self::CustomerRange(n) => write!(f, "customer number {n}: at most 999999999"),
        }
    }
}

impl core::error::Error for CinError {}

/// First code points ("zero") of digit ranges that people's devices really produce; each is followed by 1 to 9.
const ZEROS: [u32; 14] = [
    0x0660,  // Arabic-Indic
    0x06F0,  // Extended Arabic-Indic
    0x07C0,  // N'Ko
    0x0966,  // Devanagari
    0x09E6,  // Bengali
    0x0A66,  // Gurmukhi
    0x0AE6,  // Gujarati
    0x0BE6,  // Tamil
    0x0E50,  // Thai
    0xFF10,  // Fullwidth
    0x1D7CE, // Mathematical bold
    0x1D7D8, // Mathematical double-struck
    0x1D7F6, // Mathematical monospace
    0x1FBF0, // Segmented
];

/// Classifies a character that is neither an ASCII digit nor a separator.
pub(crate) fn refuse_char(at: usize, found: char) -> CinError {
    let code = u32::from(found);
    let of_range = ZEROS.iter().find_map(|zero| {
        code.checked_sub(*zero)
            .filter(|d| *d < 10)
            .and_then(|d| char::from_digit(d, 10))
    });
    let of_letter = match found {
        'O' | 'o' | '\u{39F}' | '\u{3BF}' | '\u{41E}' | '\u{43E}' => Some('0'),
        'I' | 'l' | '|' | '\u{399}' | '\u{406}' => Some('1'),
        _ => None,
    };
    match of_range.or(of_letter) {
        Some(meant) => CinError::LookAlike {
            at,
            found,
            meant: Some(meant),
        },
        None if found.is_numeric() => CinError::LookAlike {
            at,
            found,
            meant: None,
        },
        None => CinError::Unexpected { at, found },
    }
}
