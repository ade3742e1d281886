//! `fairway card`: charging cards from numbers alone, so that no name can get on one.

use super::say;
use clap::Args;
use fairway_model::Cin;
use fairway_protocol::card::{MAX_SHEET_CARDS, Paper, ndef_message, qr_svg, sheet_html};
use std::path::{Path, PathBuf};

/// Which cards, in which forms.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The CINs, with or without single spaces or hyphens between their digits.
    #[arg(required = true)]
    cin: Vec<String>,
    /// Write a sheet of all cards to print, HTML.
    #[arg(long, value_name = "FILE.html")]
    sheet: Option<PathBuf>,
    /// Write the QR code, SVG; of one CIN only.
    #[arg(long, value_name = "FILE.svg")]
    qr: Option<PathBuf>,
    /// Write what its chip holds, an NDEF message; of one CIN only.
    #[arg(long, value_name = "FILE.bin")]
    ndef: Option<PathBuf>,
    /// Who issues the cards, as printed on the sheet.
    #[arg(long, default_value = "Charging card")]
    issuer: String,
    /// Sheet on North American letter paper instead of A4.
    #[arg(long)]
    letter: bool,
}

/// Makes every form before it writes the first, so that a wrong option leaves no file behind.
pub(super) fn run(options: &Options) -> Result<(), String> {
    if options.cin.len() > MAX_SHEET_CARDS {
        return Err(format!(
            "{} cards at once: at most {MAX_SHEET_CARDS}",
            options.cin.len()
        ));
    }
    let cins = read(&options.cin)?;
    let files = files(options, &cins)?;
    for cin in &cins {
        say(&cin.grouped());
    }
    for (path, bytes) in files {
        std::fs::write(path, &bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        say(&format!(
            "{} bytes written to {}",
            bytes.len(),
            path.display()
        ));
    }
    Ok(())
}

/// The numbers; of several, the error tells which one is wrong by its place, not by its digits.
fn read(texts: &[String]) -> Result<Vec<Cin>, String> {
    let several = texts.len() > 1;
    (1usize..)
        .zip(texts)
        .map(|(place, text)| {
            Cin::parse(text).map_err(|e| {
                if several {
                    format!("CIN {place}: {e}")
                } else {
                    e.to_string()
                }
            })
        })
        .collect()
}

fn files<'a>(options: &'a Options, cins: &[Cin]) -> Result<Vec<(&'a Path, Vec<u8>)>, String> {
    let mut files = Vec::new();
    if let Some(path) = options.sheet.as_deref() {
        let paper = if options.letter {
            Paper::Letter
        } else {
            Paper::A4
        };
        let html = sheet_html(&options.issuer, cins, paper).map_err(|e| e.to_string())?;
        files.push((path, html.into_bytes()));
    }
    if let Some(path) = options.qr.as_deref() {
        let svg = qr_svg(only("--qr", cins)?).map_err(|e| e.to_string())?;
        files.push((path, svg.into_bytes()));
    }
    if let Some(path) = options.ndef.as_deref() {
        files.push((path, ndef_message(only("--ndef", cins)?)));
    }
    Ok(files)
}

/// The only CIN, for a form that holds one.
fn only<'a>(option: &str, cins: &'a [Cin]) -> Result<&'a Cin, String> {
    match cins {
        [cin] => Ok(cin),
        _ => Err(format!(
            "{option} holds one card, {} CINs are given: run the command once for each",
            cins.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "840 001 1112 3456 7899";

    fn options(cins: &[&str]) -> Options {
        Options {
            cin: cins.iter().map(|c| (*c).to_owned()).collect(),
            sheet: Some("sheet.html".into()),
            qr: Some("card.svg".into()),
            ndef: Some("card.bin".into()),
            issuer: "Demonstration".to_owned(),
            letter: true,
        }
    }

    #[test]
    fn one_number_gives_every_form() {
        let options = options(&[RIGHT]);
        let cins = read(&options.cin).unwrap();
        let files = files(&options, &cins).unwrap();
        let names: Vec<_> = files
            .iter()
            .map(|(path, _)| path.to_str().unwrap())
            .collect();
        assert_eq!(names, ["sheet.html", "card.svg", "card.bin"]);
        assert_eq!(
            fairway_protocol::card::parse_ndef(&files[2].1).as_ref(),
            Ok(&cins[0])
        );
        let sheet = String::from_utf8(files[0].1.clone()).unwrap();
        assert!(sheet.contains(RIGHT) && sheet.contains("size:letter"));
    }

    #[test]
    fn wrong_numbers_are_named_and_not_shown() {
        let wrong = "840001111234567890";
        let mistyped = fairway_model::CinError::Mistyped.to_string();
        assert_eq!(read(&[wrong.to_owned()]), Err(mistyped.clone()));
        let second = read(&[RIGHT.to_owned(), wrong.to_owned()]);
        assert_eq!(second, Err(format!("CIN 2: {mistyped}")));
    }

    #[test]
    fn a_code_holds_one_card() {
        let options = options(&[RIGHT, RIGHT]);
        let cins = read(&options.cin).unwrap();
        let error = files(&options, &cins).unwrap_err();
        assert!(error.starts_with("--qr holds one card, 2 CINs"), "{error}");
    }
}
