//! A station's screen and keys on a terminal: each screen is a line or two, each typed line an act.

use super::kiosk::{self, About, Kiosk};
use super::{Act, MAX_WAITING, Setup};
use fairway_model::station::{InputMethod, OfferView, Presented};
use fairway_model::{Currency, Energy, Micro};
use fairway_protocol::card::parse_scan;
use fairway_station::car::{Car, CarModel};
use fairway_station::io::PadKey;
use fairway_station::screen::Screen;
use fairway_station::view::View;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// What can be typed.
const HELP: &str =
    "card NUMBER | dial NUMBER | pin DIGITS | yes | no | plug [PERCENT] | stop | unplug | quit";

/// Runs a station on this terminal.
///
/// # Errors
/// As the station itself.
#[expect(clippy::print_stdout, reason = "this is the station's screen")]
pub async fn run(setup: Setup, kiosk: Option<(TcpListener, About)>) -> Result<(), String> {
    let (acts, receiver) = mpsc::channel(MAX_WAITING);
    let (views, mut shown) = watch::channel(View::dark());
    let clock = setup.clock;
    let station = tokio::spawn(super::run(setup, receiver, views));
    let served = kiosk.is_some();
    if let Some((listener, about)) = kiosk {
        println!("Kiosk: {}/kiosk/{}", about.url, about.station);
        tokio::spawn(kiosk::serve(
            listener,
            Kiosk::new(about, clock, shown.clone(), acts.clone()),
        ));
    }
    let (mut last, mut typing, mut left) = (String::new(), true, false);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    println!("{HELP}");
    loop {
        tokio::select! {
            changed = shown.changed() => {
                if changed.is_err() { break }
                let text = render(&shown.borrow_and_update().screen);
                if text != last {
                    println!("{text}");
                    last = text;
                }
            }
            line = lines.next_line(), if typing => {
                let Ok(Some(line)) = line else {
                    // Without a terminal the kiosk is the station's screen.
                    if !served { break }
                    typing = false;
                    continue;
                };
                match read(&line) {
                    Ok(Typed::Quit) => {
                        left = true;
                        break;
                    }
                    Ok(Typed::Acts(typed)) => for act in typed { let _ = acts.send(act.into()).await; },
                    Err(text) => println!("{text}\n{HELP}"),
                }
            }
        }
    }
    drop(acts);
    if left && served {
        // The kiosk's readers could still act; all that counts is written down already.
        station.abort();
        return Ok(());
    }
    station.await.map_err(|e| e.to_string())?
}

enum Typed {
    Acts(Vec<Act>),
    Quit,
}

fn read(line: &str) -> Result<Typed, String> {
    let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let acts = match (word, rest.trim()) {
        ("card", number) if !number.is_empty() => {
            vec![Act::Present(Presented {
                method: InputMethod::Code,
                // What is no CIN goes as it is: it may be a loyalty number or a contract id, and the gateway says what is wrong.
                token: parse_scan(number).map_or_else(|_| number.to_owned(), |cin| cin.digits()),
                pin: None,
            })]
        }
        ("dial" | "pin", digits) if !digits.is_empty() => dial(digits)?,
        ("yes", "") => vec![Act::Choice(true)],
        ("no", "") => vec![Act::Choice(false)],
        ("plug", soc) => vec![Act::PlugIn(Car::new(
            CarModel::MIDDLE,
            if soc.is_empty() {
                20
            } else {
                soc.parse().map_err(|_| "plug PERCENT: 0 to 100")?
            },
        ))],
        ("stop", "") => vec![Act::Stop],
        ("unplug", "") => vec![Act::Unplug],
        ("quit", "") => return Ok(Typed::Quit),
        _ => return Err(format!("{line:?} is not understood")),
    };
    Ok(Typed::Acts(acts))
}

/// The keys of a number and Enter.
///
/// # Errors
/// When something else than digits, spaces and hyphens is in it.
pub fn dial(digits: &str) -> Result<Vec<Act>, String> {
    let mut acts = Vec::new();
    for c in digits.chars().filter(|c| *c != ' ' && *c != '-') {
        let digit = c
            .to_digit(10)
            .and_then(|d| u8::try_from(d).ok())
            .ok_or_else(|| format!("{c:?} is no key of the dial pad"))?;
        acts.push(Act::Key(PadKey::Digit(digit)));
    }
    acts.push(Act::Key(PadKey::Enter));
    Ok(acts)
}

fn money(amount: Micro, currency: Currency) -> String {
    format!("{} {currency}", amount.text(currency))
}

fn kwh(energy: Energy) -> String {
    format!("{} kWh", energy.kwh_text())
}

fn offer(view: &OfferView) -> String {
    let estimate = &view.estimate;
    let mut out = format!(
        "{} at {}: {} per kWh before tax; about {} for {} ({} to {})\n",
        view.home_name,
        view.visited_name,
        money(view.price_per_kwh, view.currency),
        money(estimate.expected, view.currency),
        kwh(estimate.energy),
        money(estimate.low, view.currency),
        money(estimate.high, view.currency),
    );
    for line in &view.lines {
        out.push_str("  ");
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(if view.local {
        "Authorized here, from your last visit. "
    } else {
        "Authorized by your home utility. "
    });
    out.push_str("Start? yes / no");
    out
}

/// A screen as text.
pub fn render(screen: &Screen) -> String {
    match screen {
        Screen::Offline => "No connection. Please wait, or go to the next station.".into(),
        Screen::Prompt => "Present your card, or dial your number.".into(),
        Screen::Typing { digits } => format!("Your number: {digits} digits"),
        Screen::Pin { digits } => format!("Your PIN: {digits} digits"),
        Screen::Checking => "Checking ...".into(),
        Screen::Error { refusal, .. } => format!("{} ({})", refusal.text, refusal.code),
        Screen::Offer(view) => offer(view),
        Screen::Preparing { .. } => "Thank you. Starting ...".into(),
        Screen::PlugIn { .. } => "Please plug in.".into(),
        Screen::Charging(view) => {
            let cost = match (view.cost, view.currency) {
                (Some(cost), Some(currency)) => format!(", {}", money(cost, currency)),
                _ => String::new(),
            };
            let soc = view
                .soc
                .map(|s| format!(", battery {s} %"))
                .unwrap_or_default();
            let kw = view.power_w.checked_div(1_000).unwrap_or(0);
            format!("Charging: {}, {kw} kW{soc}{cost}", kwh(view.energy))
        }
        Screen::Thanks { text, .. } => text.clone(),
        Screen::Bill(bill) => format!(
            "{}: {}. {}",
            kwh(bill.energy),
            money(bill.total, bill.currency),
            bill.text
        ),
        Screen::Faulted(fault) => match fault.code {
            Some(code) => format!("Out of service: {} ({code})", fault.text),
            None => format!("Out of service: {}", fault.text),
        },
    }
}
