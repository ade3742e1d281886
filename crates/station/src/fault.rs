//! What makes a station unfit, with the code that drivers, operators and help desks share.

use core::fmt;

/// Codes of the list.
const CODES: core::ops::RangeInclusive<u8> = 1..=26;

/// A minimum required error code (MREC) of the ChargeX consortium, CX001 to CX026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultCode(u8);

impl FaultCode {
    /// Ground fault circuit interrupter activated (CX002).
    pub const GROUND: Self = Self(2);
    /// Emergency stop pressed (CX008).
    pub const EMERGENCY_STOP: Self = Self(8);

    /// Reads `CX001` to `CX026`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix("CX")
            .filter(|d| d.len() == 3 && d.bytes().all(|b| b.is_ascii_digit()))?;
        let number: u8 = digits.parse().ok()?;
        CODES.contains(&number).then_some(Self(number))
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CX{:03}", self.0)
    }
}

/// A fault that makes delivery unsafe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its code, where the station's electronics give one of the list.
    pub code: Option<FaultCode>,
    /// What is wrong, in a few words.
    pub text: String,
}

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self {
            code: None,
            text: text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_list() {
        assert_eq!(FaultCode::parse("CX008"), Some(FaultCode::EMERGENCY_STOP));
        assert_eq!(FaultCode::GROUND.to_string(), "CX002");
        for wrong in ["CX000", "CX027", "CX1", "CX+01", "cx001", "CX0001", ""] {
            assert_eq!(FaultCode::parse(wrong), None, "{wrong}");
        }
    }
}
