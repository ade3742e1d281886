//! Sheets of cards to print: ten cards of the ID-1 format (ISO/IEC 7810, 85.60 mm by 53.98 mm) on a page.
//!
//! A face shows the issuer, the digits in groups, and the QR code of the same digits. The function takes CINs and nothing else
//! about a customer, so no personal data can reach the sheet.

use super::CardError;
use super::qr::qr_path;
use fairway_model::cin::Cin;
use std::fmt::Write as _;

/// Cards on one page: two columns, five rows.
pub const CARDS_PER_PAGE: usize = 10;
/// The most cards on one sheet (100 pages).
pub const MAX_SHEET_CARDS: usize = 1_000;
/// The longest issuer's name, in bytes.
pub const MAX_ISSUER_BYTES: usize = 40;

/// Card width in hundredths of a millimetre.
const CARD_W: u32 = 8_560;
/// Card height in hundredths of a millimetre.
const CARD_H: u32 = 5_398;
/// Side of the printed QR code, quiet zone included, in hundredths of a millimetre.
const QR_SIDE: u32 = 2_600;

/// Paper formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// ISO 216: 210 mm by 297 mm.
    A4,
    /// North American letter: 8.5 in by 11 in.
    Letter,
}

impl Paper {
    /// Name in CSS, width and height in hundredths of a millimetre.
    fn size(self) -> (&'static str, u32, u32) {
        match self {
            Self::A4 => ("A4", 21_000, 29_700),
            Self::Letter => ("letter", 21_590, 27_940),
        }
    }
}

/// A self-contained HTML document (no script, nothing loaded from elsewhere) that prints the cards of `cins` in their order.
///
/// # Errors
/// [`CardError::TooMany`], [`CardError::Issuer`].
pub fn sheet_html(issuer: &str, cins: &[Cin], paper: Paper) -> Result<String, CardError> {
    if cins.len() > MAX_SHEET_CARDS {
        return Err(CardError::TooMany(cins.len()));
    }
    if issuer.is_empty() || issuer.len() > MAX_ISSUER_BYTES || issuer.chars().any(char::is_control)
    {
        return Err(CardError::Issuer);
    }
    let (issuer, (css, _, _)) = (escape(issuer), paper.size());
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{issuer}: charging cards</title>\n\
         <style>@page{{size:{css};margin:0}}body{{margin:0}}svg.page{{display:block;break-after:page}}</style>\n</head>\n<body>\n"
    );
    for page in cins.chunks(CARDS_PER_PAGE) {
        html.push_str(&page_svg(&issuer, page, paper)?);
    }
    html.push_str("</body>\n</html>\n");
    Ok(html)
}

/// One page; `issuer` is escaped already.
fn page_svg(issuer: &str, cins: &[Cin], paper: Paper) -> Result<String, CardError> {
    let (_, width, height) = paper.size();
    let (left, top) = (
        width.saturating_sub(2 * CARD_W) / 2,
        height.saturating_sub(5 * CARD_H) / 2,
    );
    let mm = |hundredths: u32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let mut svg = format!(
        "<svg class=\"page\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\">\n",
        mm(width),
        mm(height)
    );
    let places = (0..5u32).flat_map(|row| (0..2u32).map(move |column| (column, row)));
    for (cin, (column, row)) in cins.iter().zip(places) {
        let x = left.saturating_add(column.saturating_mul(CARD_W));
        let y = top.saturating_add(row.saturating_mul(CARD_H));
        svg.push_str(&face(issuer, cin, x, y)?);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// One card face with its top left corner at (x, y).
fn face(issuer: &str, cin: &Cin, x: u32, y: u32) -> Result<String, CardError> {
    let (path, side) = qr_path(cin)?;
    let digits = cin.grouped();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        concat!(
            r##"<g transform="translate({x} {y})">"##,
            r##"<rect width="{w}" height="{h}" rx="318" fill="#fff" stroke="#999" stroke-width="10"/>"##,
            r##"<text x="500" y="900" font-family="sans-serif" font-size="460" font-weight="bold">{issuer}</text>"##,
            r##"<svg x="500" y="1250" width="{qr}" height="{qr}" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">"##,
            r##"<path d="{path}"/></svg>"##,
            r##"<text x="500" y="4750" font-family="'OCR-B','DejaVu Sans Mono',monospace" font-size="460" "##,
            r##"textLength="7500" lengthAdjust="spacing">{digits}</text></g>"##,
            "\n"
        ),
        x = x,
        y = y,
        w = CARD_W,
        h = CARD_H,
        issuer = issuer,
        qr = QR_SIDE,
        side = side,
        path = path,
        digits = digits
    );
    Ok(out)
}

/// Text for HTML and SVG.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
