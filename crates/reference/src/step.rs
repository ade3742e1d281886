//! Steps: what a seed is made of, in words that stay true when other steps are left out.

/// One transaction, described so that it can be built again: who, when, what, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When the block is made that holds it, in milliseconds; within one block the first step's time counts.
    pub at: i64,
    /// Whether a new block begins with it.
    pub cut: bool,
    /// Which member asks.
    pub by: usize,
    /// Which of its keys it signs with, counted from 0.
    pub key: usize,
    /// Number of the transaction; the same number is the same nonce.
    pub nonce: u32,
    /// What is asked.
    pub what: What,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is asked. Numbers are places in the seed's cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Register a prefix.
    Prefix(String),
    /// Register an EVSE.
    Evse(usize),
    /// Take an EVSE out of use from a time on.
    Retire(usize, i64),
    /// Give an EVSE the meter key of a generation.
    Meter(usize, usize),
    /// Rotate the member's key to a generation; whether the old one is compromised.
    Rotate(usize, bool),
    /// Register the encryption key of a member's place and a generation; whether the old one is compromised.
    Encrypt(usize, usize, bool),
    /// Propose terms: pair and version.
    Propose(usize, u32),
    /// Countersign terms.
    Countersign(usize, u32),
    /// End terms from a time on.
    Terminate(usize, u32, i64),
    /// Place the hold of a session.
    Place(usize),
    /// Void the hold of a session.
    Void(usize),
    /// Settle a session.
    Settle(usize),
    /// Confirm a payment of what is owed by the member, in parts of 1,000, under a reference; what the fault says comes on top.
    Pay {
        /// Who paid.
        debtor: usize,
        /// Thousandths of what is owed.
        per_mille: i64,
        /// Names the payment.
        reference: u32,
    },
    /// A step about tokens: pair, issuer, what.
    Token(usize, usize, TokenStep),
    /// A step about energy: the pair whose home buys and whose visited sells, one of the areas and hours, what.
    Energy(usize, usize, EnergyStep),
    /// Holds, voids and settlements together, each with what is wrong with it.
    Batch(Vec<(What, Fault)>),
    /// Dispute a session.
    Dispute(usize, u32),
    /// Credit thousandths of what is left of a session, under a number.
    Credit(usize, u8, i64),
    /// A step in the life of a pair's agreement of a version.
    Life(usize, u32, LifeStep),
    /// Close a netting cycle in the currency of a pair's agreement; how many days beside the right one.
    Close(usize, u32, i64),
    /// A step about one of the obligations; whether the right party makes it.
    Owed(usize, bool, ObligationStep),
    /// A step about rates of exchange, for a pair.
    Rate(usize, RateStep),
    /// A step of the council.
    Council(CouncilStep),
    /// A step about forecasts, for a pair.
    Forecast(usize, ForecastStep),
    /// A step about drivers whom a pair's visited utility serves or refuses, under the agreement of a version.
    Service(usize, u32, ServiceStep),
    /// A step about the board of offers.
    Board(BoardStep),
    /// A step of a session's case; whether the home utility opened it.
    Case(usize, bool, CaseStep),
}

/// A step in an agreement's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeStep {
    /// Answers the proposal with the terms of the next version.
    Counter,
    /// No new charge begins.
    Suspend,
    /// Charges begin again.
    Resume,
    /// Ends it at once.
    Breach,
}

/// A step about drivers served and refused. A driver is the number of his charge, and asked at a time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceStep {
    /// Home says that he was refused.
    Claim(u8, i64),
    /// Visited says that he was not; whether home released the request.
    Answer(u8, i64, bool),
    /// Closes the cycle in which somebody asked at a time, or one so many cycles beside it.
    Close(i64, i64),
}

/// A step about the board of offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardStep {
    /// Puts an offer into a slot, at a price per kWh in micro-units.
    Post(u8, i64),
    /// Takes the offer of a slot back.
    Withdraw(u8),
}

/// A step about an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObligationStep {
    /// Thousandths of what is open were sent, under a reference.
    Sent(i64, u32),
    /// Thousandths of what is open arrived, under a reference.
    Received(i64, u32),
    /// Interest through so many days beside the block's.
    Interest(i64),
    /// Thousandths of what is open are paid with tokens.
    Tokens(i64),
    /// Thousandths of what is open are taken out of the collateral.
    Cover(i64),
}

/// A step about forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastStep {
    /// Opens the member's load book under the calendar of a number.
    Open(u8),
    /// Has the prices of a day computed for the agreement of a version, so many days beside the block's.
    Publish(u32, i64),
}

/// What the members may decide. Members are places in the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MotionStep {
    /// Take somebody in under keys of a generation; whether it validates, and whether it has a validator key.
    Admit {
        /// Who.
        who: usize,
        /// Of which generation its keys are.
        generation: usize,
        /// Whether it shall validate.
        validates: bool,
        /// Whether its entry has a validator key.
        with_key: bool,
    },
    /// Suspend a member.
    Suspend(usize),
    /// Give a member its rights back.
    Reinstate(usize),
    /// Expel a member.
    Expel(usize),
    /// Who joins the validators, and who leaves them.
    Validators(Option<usize>, Option<usize>),
    /// Set the parameter of this place to a value, from a height on.
    Parameter(usize, i64, u64),
    /// Go over to a version from a height on.
    Version(u32, u64),
}

/// A proposal, named so that it can be named again: who proposed which motion under which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ballot {
    /// Who proposed it.
    pub by: usize,
    /// The number of its transaction.
    pub nonce: u32,
    /// What shall be decided.
    pub motion: MotionStep,
}

/// A step of the council.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouncilStep {
    /// Put a motion to the vote for so many milliseconds, to take effect in no block before a height.
    Propose(MotionStep, i64, u64),
    /// Vote; whether for it.
    Vote(Ballot, bool),
    /// Let an adopted motion take effect.
    Enact(Ballot),
    /// Leave at a time.
    Leave(i64),
    /// Register the validator key of a generation.
    ValidatorKey(usize),
    /// Show two votes of a member's validator, signed by a key of a generation: which kind of two, in which view.
    Report(usize, usize, u8, u64),
    /// Be reached elsewhere, in the way of this number.
    Contact(u8),
}

/// A step about rates of exchange. Currencies, rates and days are places in lists of the builder, and days beside the block's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateStep {
    /// States a rate of the pair's currency in another one, of a day.
    State(usize, i64, usize),
    /// Converts what the pair's home owes its visited utility, under a number, by what a member stated of a day.
    Convert {
        /// Names the conversion.
        number: u8,
        /// Into which currency.
        into: usize,
        /// So many minor units; or, below nothing, thousandths of what is owed.
        units: i64,
        /// Whose statement.
        stated_by: usize,
        /// Of which day beside the block's.
        days: i64,
    },
}

/// A step about tokens; amounts in micro-units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStep {
    /// Issues up to a cap.
    Issue(i64),
    /// Takes an issuer's up to a limit.
    Take(i64),
    /// Issues to the pair's home utility.
    Mint(i64),
    /// Gives to the pair's visited utility.
    Give(i64),
    /// Asks to be paid out, under a number.
    Redeem(u8, i64),
    /// Was paid out, by a reference.
    PaidOut(u8, u32),
    /// Secures what home owes visited.
    Deposit(i64),
    /// Gives back what secures it.
    Release(i64),
    /// Pays thousandths of what home owes visited.
    Pay(i64),
}

/// A step about energy; energies in mWh, prices in micro-units per kWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnergyStep {
    /// States what was metered, under a serial number.
    State(u64, u32),
    /// Offers some under a number, at a price.
    Offer(u8, u64, i64),
    /// Takes some of the offer of a number.
    Accept(u8, u64),
    /// Ends the offer of a number.
    Cancel(u8),
}

/// A step of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseStep {
    /// Opens it: thousandths of what is left are right, for a reason by number, with the event or without.
    Open(i64, u8, bool),
    /// Opens it with less usage.
    Usage(u8),
    /// The claim is right.
    Concede,
    /// The charge is right; whether the answer names the meter records.
    Contest(bool),
    /// Thousandths of what is left are right.
    Offer(i64),
    /// The answer is right.
    Accept,
    /// Gives it up.
    Withdraw,
    /// Asks for a panel.
    Escalate,
    /// Votes, by number.
    Vote(u8),
    /// Closes it by rule.
    Close,
}

/// What is wrong, or nearly wrong, with a transaction. What has no meaning for an operation changes nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Another member's key is claimed and signs.
    ClaimKeyOf(usize),
    /// Another member's key signs under the right claim.
    SignWith(usize),
    /// Signed for another chain.
    OtherChain,
    /// One bit of the bytes is turned.
    Flip(u32),
    /// A byte too many behind the transaction.
    Trail,
    /// Larger than any transaction may be.
    Huge,
    /// The inner signature is another member's.
    InnerForged(usize),
    /// The inner signature and its claimed key are another member's.
    InnerKeyOf(usize),
    /// The inner signature is made with this generation of the right member's key.
    InnerKey(usize),
    /// The total is off by so many micro-units, at the visited utility's cost or gain.
    Total(i64),
    /// So many micro-units of the home utility's share go to visited.
    ShareToVisited(i64),
    /// So many micro-units of tax go to visited.
    TaxToVisited(i64),
    /// So many micro-units of the owner's share go home.
    OwnerToHome(i64),
    /// The amount is so many micro-units more.
    Amount(i64),
    /// The amount is nothing, or less.
    AmountIs(i64),
    /// The hold takes the rest of the guarantee, and so many micro-units more.
    ToGuarantee(i64),
    /// The hold takes the rest of the exposure, and so many micro-units more.
    ToExposure(i64),
    /// The hold takes the cap per charge, and so many micro-units more.
    ToCap(i64),
    /// Another currency is claimed.
    Currency,
    /// Another owner is claimed.
    Owner,
    /// Another home utility is named.
    Home(usize),
    /// Another visited utility is named.
    Visited(usize),
    /// Another EVSE is named.
    Evse(usize),
    /// A meter key that nobody registered is named.
    MeterKey,
    /// The meter key of this generation is named.
    Meter(usize),
    /// A tariff that the agreement does not have.
    Tariff,
    /// This load multiplier.
    Load(u32),
    /// So many basis points more discount.
    Discount(u32),
    /// A corridor whose cap is so many micro-units higher.
    Corridor(i64),
    /// An offer that nobody consented to.
    Offer,
    /// Another guarantee of the same pair.
    Guarantee(u8),
    /// Another version of the agreement.
    Version(u32),
    /// The guarantee's limit is so many micro-units higher: same id, other content.
    Limit(i64),
    /// The hold expires at this time.
    Expires(i64),
    /// The end register is so many milliwatt-hours higher.
    MeterEnd(i64),
    /// Begin and end register are exchanged.
    Backwards,
    /// The register begins where the numbered charge's does, and so many milliwatt-hours behind it.
    Register(usize, u64),
    /// Nothing is delivered.
    NoEnergy,
    /// The energy is the cap per charge and so many milliwatt-hours more.
    ToEnergyCap(i64),
    /// The charge begins at this time.
    StartAt(i64),
    /// The charge ends at this time.
    EndAt(i64),
    /// Two periods are exchanged.
    Disorder,
    /// The day whose prices a charge uses is so many days beside the right one.
    Day(i64),
    /// No day is named where one should be, or one where none should.
    NoDay,
    /// Terms or a registration that contradict themselves in the way of this number.
    Unsound(u32),
}
