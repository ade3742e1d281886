//! QR codes (ISO/IEC 18004) as SVG.

use super::{CardError, payload};
use fairway_model::cin::Cin;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Modules of white around the code (ISO/IEC 18004 section 6.3.8).
const QUIET: usize = 4;

/// Longest address that becomes a code on a screen, in bytes.
pub const MAX_LINK_BYTES: usize = 256;

/// A card's modules as an SVG path, one unit per module, and the side length with the quiet zone.
pub(super) fn qr_path(cin: &Cin) -> Result<(String, usize), CardError> {
    path_of(&payload(cin), EcLevel::Q)
}

fn path_of(text: &str, level: EcLevel) -> Result<(String, usize), CardError> {
    let code = QrCode::with_error_correction_level(text, level)
        .map_err(|e| CardError::Encoder(e.to_string()))?;
    let width = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0usize;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, len) =
                    (x.saturating_add(QUIET), y.saturating_add(QUIET), run.len());
                // Writing to a String cannot fail.
                let _ = write!(path, "M{left} {top}h{len}v1h-{len}z");
            }
            x = x.saturating_add(run.len());
        }
    }
    Ok((path, width.saturating_add(2 * QUIET)))
}

/// The QR code of a CIN as a stand-alone SVG document: black on white, error correction level Q (a quarter may be dirty), with
/// its quiet zone. It scales without loss; print it at least 12 mm wide.
///
/// # Errors
/// [`CardError::Encoder`], which does not happen for a CIN.
pub fn qr_svg(cin: &Cin) -> Result<String, CardError> {
    let (path, side) = qr_path(cin)?;
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="30mm" height="30mm" viewBox="0 0 {side} {side}" shape-rendering="crispEdges" role="img" aria-label="QR code of a charging card"><rect width="{side}" height="{side}" fill="#fff"/><path fill="#000" d="{path}"/></svg>"##
    ))
}

/// The QR code of a web address for a screen, which stays clean: error correction level M, with its quiet zone.
///
/// # Errors
/// [`CardError::TooLong`] over [`MAX_LINK_BYTES`].
pub fn link_svg(address: &str) -> Result<String, CardError> {
    if address.len() > MAX_LINK_BYTES {
        return Err(CardError::TooLong(address.len()));
    }
    let (path, side) = path_of(address, EcLevel::M)?;
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/><path fill="#000" d="{path}"/></svg>"##
    ))
}
