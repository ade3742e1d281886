//! A station's screen and keys on a terminal: each screen is a line or two, each typed line an act.

use super::kiosk::{self, About, Kiosk};
use super::{Act, MAX_WAITING, Setup};
use fairway_messages::{Language, Words};
use fairway_model::station::{InputMethod, OfferView, Presented};
use fairway_protocol::card::parse_scan;
use fairway_station::car::{Car, CarModel};
use fairway_station::io::PadKey;
use fairway_station::screen::{ChargingView, Screen};
use fairway_station::view::View;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Runs a station on this terminal, in a language.
///
/// # Errors
/// As the station itself.
#[expect(clippy::print_stdout, reason = "this is the station's screen")]
pub async fn run(
    setup: Setup,
    kiosk: Option<(TcpListener, About)>,
    language: Language,
) -> Result<(), String> {
    let words = Words::of(language);
    let help = words.say("terminal-help");
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
    println!("{help}");
    loop {
        tokio::select! {
            changed = shown.changed() => {
                if changed.is_err() { break }
                let text = render(&shown.borrow_and_update().screen, &words);
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
                match read(&line, &words) {
                    Ok(Typed::Quit) => {
                        left = true;
                        break;
                    }
                    Ok(Typed::Acts(typed)) => for act in typed { let _ = acts.send(act.into()).await; },
                    Err(text) => println!("{text}\n{help}"),
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

fn read(line: &str, words: &Words) -> Result<Typed, String> {
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
        _ => {
            let line = format!("{line:?}");
            return Err(words.tell("terminal-not-understood", &[("line", (&line).into())]));
        }
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

fn offer(view: &OfferView, words: &Words) -> String {
    let estimate = &view.estimate;
    let money = |amount| words.amount(amount, view.currency);
    let (price, expected) = (money(view.price_per_kwh), money(estimate.expected));
    let (low, high) = (money(estimate.low), money(estimate.high));
    let energy = words.energy(estimate.energy);
    let mut out = words.tell(
        "terminal-offer",
        &[
            ("home", (&view.home_name).into()),
            ("visited", (&view.visited_name).into()),
            ("price", (&price).into()),
            ("expected", (&expected).into()),
            ("energy", (&energy).into()),
            ("low", (&low).into()),
            ("high", (&high).into()),
        ],
    );
    for line in &view.lines {
        out.push_str("\n  ");
        out.push_str(line);
    }
    let by = words.say(if view.local {
        "terminal-local"
    } else {
        "terminal-remote"
    });
    format!("{out}\n{by} {}", words.say("terminal-start"))
}

fn charging(view: &ChargingView, words: &Words) -> String {
    let kw = view.power_w.checked_div(1_000).unwrap_or(0).to_string();
    let energy = words.energy(view.energy);
    let mut parts = vec![words.tell(
        "terminal-charging",
        &[("energy", (&energy).into()), ("power", (&kw).into())],
    )];
    if let Some(soc) = view.soc {
        let percent = soc.to_string();
        parts.push(words.tell("terminal-battery", &[("percent", (&percent).into())]));
    }
    if let (Some(cost), Some(currency)) = (view.cost, view.currency) {
        parts.push(words.amount(cost, currency));
    }
    parts.join(", ")
}

fn count<T: ToString>(id: &str, digits: &T, words: &Words) -> String {
    words.tell(id, &[("digits", (&digits.to_string()).into())])
}

/// A screen as text. Sentences that come from the utilities (reasons, refusals, thanks) stand as they were sent.
pub fn render(screen: &Screen, words: &Words) -> String {
    let text = match screen {
        Screen::Offline => words.say("terminal-offline"),
        Screen::Prompt => words.say("terminal-prompt"),
        Screen::Typing { digits, wrong } => {
            let typed = count("terminal-typing", digits, words);
            wrong.map_or(typed.clone(), |wrong| format!("{typed}\n{wrong}"))
        }
        Screen::Pin { digits } => count("terminal-pin", digits, words),
        Screen::Checking => words.say("terminal-checking"),
        Screen::Error { refusal, .. } => format!("{} ({})", refusal.text, refusal.code),
        Screen::Offer(view) => offer(view, words),
        Screen::Preparing { .. } => words.say("terminal-preparing"),
        Screen::PlugIn { .. } => words.say("terminal-plug-in"),
        Screen::Charging(view) => charging(view, words),
        Screen::Thanks { text, .. } => text.clone(),
        Screen::Bill(bill) => format!(
            "{}: {}. {}",
            words.energy(bill.energy),
            words.amount(bill.total, bill.currency),
            bill.text
        ),
        Screen::Faulted(fault) => match &fault.code {
            Some(code) => words.tell(
                "terminal-faulted-code",
                &[
                    ("text", (&fault.text).into()),
                    ("code", code.to_string().as_str().into()),
                ],
            ),
            None => words.tell("terminal-faulted", &[("text", (&fault.text).into())]),
        },
    };
    // A terminal keeps words apart by itself.
    text.replace('\u{a0}', " ")
}
