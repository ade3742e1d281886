//! Bills for the tests: made of numbers only, the same every time.

use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    Adjustments, AgreementId, Bill, BillLine, Corridor, CreditLine, Currency, Dimension, Division,
    Energy, EvseId, Hash, MemberId, Metered, Micro, Place, Ppm, PriceBreakdown, PriceLine, Quoted,
    SessionId, ShareNote, Shares, SplitKind, TaxLine, Tier, Time,
};

/// 2026-11-02T01:30:00Z: the evening of the 1st in New York.
const BEGIN: Time = Time(1_793_583_000_000);

fn member(text: &str) -> MemberId {
    MemberId::parse(text).unwrap()
}

fn line_of(dimension: Dimension, billed: u64, list: i64, unit: i64, amount: i64) -> PriceLine {
    PriceLine {
        dimension,
        element: 0,
        quantity: billed,
        billed,
        list_price: Micro(list),
        unit_price: Micro(unit),
        amount: Micro(amount),
        vat: None,
        clamped: false,
    }
}

/// 12.5 kWh at 0.399 instead of 0.38, 0.50 once, 10 % off, 7 % tax: 5.28 USD.
fn breakdown() -> PriceBreakdown {
    PriceBreakdown {
        currency: Currency::USD,
        lines: vec![
            line_of(Dimension::Energy, 12_500_000, 380_000, 399_000, 4_987_500),
            line_of(Dimension::Flat, 1, 500_000, 500_000, 500_000),
        ],
        net: Micro(5_487_500),
        limit_change: Micro::ZERO,
        discount: Micro(548_750),
        taxes: vec![TaxLine {
            name: "North Carolina sales tax".to_owned(),
            rate: Ppm(70_000),
            base: Micro(4_938_750),
            amount: Micro(345_713),
        }],
        total: Micro(5_280_000),
        rounding: Micro(-4_463),
        energy: Energy(12_500_000),
        rule: None,
    }
}

fn quoted() -> Quoted {
    Quoted {
        tariff: "PUBLIC-DC".to_owned(),
        adjustments: Adjustments {
            load_bps: 10_500,
            tier: Tier::Gold,
            discount_bps: 1_000,
            corridor: Corridor {
                floor: Micro(300_000),
                cap: Micro(450_000),
            },
        },
        reasons: vec![
            "Tariff PUBLIC-DC of the agreement between US*ALP and US*DUK.".to_owned(),
            "Present load in DUK-NC sets energy prices to 105 % of the tariff.".to_owned(),
        ],
        low: Micro(3_120_000),
        high: Micro(7_450_000),
        consented: Some(BEGIN),
    }
}

fn shared(kind: SplitKind) -> ShareNote {
    let division = Division {
        kind,
        costs: Micro(1_500_000),
        surplus: Micro(3_987_500),
        alone: Micro(1_000_000),
        home: Micro(995_833),
        visited: Micro(2_995_834),
        owner: Micro(1_495_833),
    };
    ShareNote {
        division,
        by_parts: division,
        shares: Shares {
            home: Micro(446_800),
            visited: Micro(2_991_654),
            owner: Micro(1_495_833),
            tax: Micro(345_713),
        },
    }
}

fn line(number: usize, visited: &str, name: &str) -> BillLine {
    let n = i64::try_from(number).unwrap();
    let short = u8::try_from(number % 251).unwrap();
    let start = BEGIN.plus(n * (DAY + 37 * MINUTE) % (29 * DAY));
    let kinds = [SplitKind::Shapley, SplitKind::Fixed, SplitKind::Nash];
    BillLine {
        session: SessionId([short; 16]),
        visited: member(visited),
        visited_name: name.to_owned(),
        evse: EvseId::parse(&format!("{visited}*E{number:04}*1")).unwrap(),
        start,
        end: start.plus(HOUR),
        energy: Energy(12_500_000),
        total: Micro(5_280_000),
        breakdown: breakdown(),
        offer: Hash([short; 32]),
        meter_evidence: Hash([2; 32]),
        agreement: AgreementId(Hash([3; 32])),
        event: Hash([4; 32]),
        transaction: Hash::of("test", &[short]),
        height: 123_456,
        shared: Some(shared(kinds[number % 3])),
        quoted: Some(quoted()),
        metered: Some(Metered {
            records: 4,
            key: Hash([5; 32]),
            begin: Energy(100_000_000),
            end: Energy(112_500_000),
        }),
        place: Some(Place {
            time_zone: "America/New_York".to_owned(),
            area: "DUK-NC".to_owned(),
        }),
        settled: Some(start.plus(HOUR + MINUTE)),
    }
}

/// A month with so many charges, abroad and at home in turn.
pub(crate) fn bill(customer: &str, lines: usize) -> Bill {
    let lines: Vec<BillLine> = (0..lines)
        .map(|n| match n % 3 {
            0 => line(n, "US*ALP", "Alabama Power"),
            1 => line(n, "US*DUK", "Duke Energy"),
            _ => line(n, "US*GPC", "Georgia Power"),
        })
        .collect();
    Bill {
        utility: member("US*ALP"),
        customer: customer.to_owned(),
        cin: "840001111234567899".to_owned(),
        year: 2026,
        month: 11,
        currency: Currency::USD,
        total: Micro::sum(lines.iter().map(|l| l.total)).unwrap(),
        lines,
        pending: 0,
        credits: Vec::new(),
        utility_name: "Alabama Power".to_owned(),
        language: "en-US".to_owned(),
    }
}

/// The same with a credit and a charge that waits.
pub(crate) fn credited(customer: &str, lines: usize) -> Bill {
    let mut bill = bill(customer, lines);
    bill.credits.push(CreditLine {
        session: SessionId([9; 16]),
        at: BEGIN.plus(9 * DAY),
        amount: Micro(1_000_000),
        reason: "service".to_owned(),
        transaction: Hash([8; 32]),
        height: 130_001,
    });
    bill.total = bill.total.minus(Micro(1_000_000)).unwrap();
    bill.pending = 1;
    bill
}
