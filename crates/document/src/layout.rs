//! Blocks to pages: where each line stands, and to which node of the structure it belongs.

use crate::block::{Block, Chart, Kind, Rich, Weight};
use crate::content::Feet;
use crate::font::Fonts;
use crate::shape::{self, Line, Mil};
use crate::tree::{NodeId, Role, Tree};

/// Thousandths of a point in a point.
pub(crate) const POINT: Mil = 1_000;
/// White around the text.
const MARGIN: Mil = 54 * POINT;
/// Kept free above the margin for the foot.
const FOOT: Mil = 18 * POINT;
/// Letters of ordinary text.
pub(crate) const BODY: Mil = 9_500;
/// Letters of hashes and commands: 64 hexadecimal digits stand on one line beside their label.
const CODE: Mil = 8_000;
/// Letters at the foot.
const SMALL: Mil = 7_500;
/// Letters of the total.
const GREAT: Mil = 26 * POINT;
/// Width of labels of facts and list marks.
const LABELS: Mil = 112 * POINT;
const MARKS: Mil = 16 * POINT;
/// Height of the chart's highest bar.
const BARS: Mil = 64 * POINT;
/// Widest bar of a chart.
const BAR: Mil = 14 * POINT;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Text.
    Black,
    /// Less important text; 7:1 on white.
    Grey,
    /// Headings and bars.
    Blue,
    /// Fine lines.
    Pale,
}

/// What something drawn is to a screen reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Content of a node, in this language where it is not the document's.
    Node(NodeId, Option<&'static str>),
    /// Decoration.
    Layout,
    /// A table's header again, or the foot of a page.
    Repeated,
    Foot,
}

/// Something drawn. `y` is the base of letters or the top of a box, from the page's top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Text {
        x: Mil,
        y: Mil,
        size: Mil,
        ink: Ink,
        line: Line,
        leaf: Leaf,
    },
    Box {
        x: Mil,
        y: Mil,
        width: Mil,
        height: Mil,
        ink: Ink,
        leaf: Leaf,
    },
}

/// Sizes of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) width: Mil,
    pub(crate) height: Mil,
}

impl Paper {
    const LETTER: Self = Self {
        width: 612_000,
        height: 792_000,
    };
    const A4: Self = Self {
        width: 595_276,
        height: 841_890,
    };

    /// What a country (ISO 3166-1 alpha-2) writes on.
    pub(crate) fn of(country: &str) -> Self {
        match country {
            "US" | "CA" | "MX" | "PH" | "CL" | "CO" | "VE" => Self::LETTER,
            _ => Self::A4,
        }
    }
}

/// A bookmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) level: u8,
    pub(crate) text: String,
    pub(crate) page: usize,
    pub(crate) y: Mil,
}

/// How a heading stands.
#[derive(Debug, Clone, Copy)]
struct Title {
    size: Mil,
    /// White above and below.
    above: Mil,
    below: Mil,
    /// What must fit under it on the same page.
    under: Mil,
}

impl Title {
    const fn of(level: u8) -> Self {
        let (size, above, below, under) = match level {
            1 => (20 * POINT, 0, 8 * POINT, 0),
            2 => (13 * POINT, 16 * POINT, 5 * POINT, 60 * POINT),
            3 => (11 * POINT, 14 * POINT, 4 * POINT, 150 * POINT),
            _ => (BODY, 8 * POINT, 2 * POINT, 40 * POINT),
        };
        Self {
            size,
            above,
            below,
            under,
        }
    }

    /// The height of a heading of one line with all around it.
    const fn whole(self) -> Mil {
        self.above + 2 * self.size + self.below + self.under
    }
}

/// A document with every place known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaidOut {
    pub(crate) paper: Paper,
    pub(crate) pages: Vec<Vec<Item>>,
    pub(crate) tree: Tree,
    pub(crate) marks: Vec<Mark>,
}

/// How letters look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) size: Mil,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
}

impl Look {
    pub(crate) fn of(rich: &Rich) -> Self {
        let (size, ink) = match rich.kind {
            Kind::Words => (BODY, Ink::Black),
            Kind::Code => (CODE, Ink::Black),
        };
        Self {
            size,
            weight: rich.weight,
            ink,
        }
    }

    /// From one line's base to the next.
    pub(crate) fn step(self) -> Mil {
        self.size * 138 / 100
    }
}

/// The place where the next thing goes.
pub(crate) struct Flow<'f> {
    pub(crate) fonts: &'f Fonts,
    pub(crate) out: LaidOut,
    /// Top of what comes next.
    pub(crate) y: Mil,
}

/// Sets blocks on pages.
pub(crate) fn lay_out(blocks: &[Block], fonts: &Fonts, paper: Paper, feet: &Feet) -> LaidOut {
    let out = LaidOut {
        paper,
        pages: vec![Vec::new()],
        tree: Tree::default(),
        marks: Vec::new(),
    };
    let mut flow = Flow {
        fonts,
        out,
        y: MARGIN,
    };
    for (at, block) in blocks.iter().enumerate() {
        flow.block(block, blocks.get(at + 1));
    }
    flow.feet(feet);
    flow.out
}

impl Flow<'_> {
    pub(crate) fn left() -> Mil {
        MARGIN
    }

    pub(crate) fn width(&self) -> Mil {
        self.out.paper.width - 2 * MARGIN
    }

    fn bottom(&self) -> Mil {
        self.out.paper.height - MARGIN - FOOT
    }

    /// How high a page's text can be.
    pub(crate) fn most(&self) -> Mil {
        self.bottom() - MARGIN
    }

    pub(crate) fn page(&self) -> usize {
        self.out.pages.len() - 1
    }

    /// Goes to a new page unless so much room is left; whether it did.
    pub(crate) fn room(&mut self, height: Mil) -> bool {
        let goes = self.y + height > self.bottom() && self.y > MARGIN;
        if goes {
            self.out.pages.push(Vec::new());
            self.y = MARGIN;
        }
        goes
    }

    pub(crate) fn draw(&mut self, item: Item) {
        let page = self.page();
        let (Item::Text { leaf, .. } | Item::Box { leaf, .. }) = &item;
        let leaf = *leaf;
        let Some(items) = self.out.pages.last_mut() else {
            return;
        };
        items.push(item);
        let number = items.len() - 1;
        if let Leaf::Node(node, _) = leaf {
            self.out.tree.holds(node, page, number);
        }
    }

    /// Draws a line of text whose top is `y`.
    pub(crate) fn text(&mut self, (x, y): (Mil, Mil), line: Line, look: Look, leaf: Leaf) {
        self.draw(Item::Text {
            x,
            y: y + look.size * 108 / 100,
            size: look.size,
            ink: look.ink,
            line,
            leaf,
        });
    }

    /// A fine line at `y`, for the eye only.
    pub(crate) fn rule(&mut self, (x, y): (Mil, Mil), width: Mil, ink: Ink) {
        self.draw(Item::Box {
            x,
            y,
            width,
            height: POINT * 6 / 10,
            ink,
            leaf: Leaf::Layout,
        });
    }

    /// The lines of a text of some kind in a width.
    pub(crate) fn lines(&self, rich: &Rich, width: Mil) -> Vec<Line> {
        let look = Look::of(rich);
        shape::wrap(self.fonts, &rich.text, (look.weight, look.size), width)
    }

    /// The node that a text's lines belong to: inside `parent`, code apart.
    pub(crate) fn leaf(&mut self, parent: NodeId, rich: &Rich) -> Leaf {
        let node = match rich.kind {
            Kind::Words => parent,
            Kind::Code => self.out.tree.add(Some(parent), Role::Code),
        };
        Leaf::Node(node, rich.language)
    }

    fn block(&mut self, block: &Block, next: Option<&Block>) {
        match block {
            Block::Heading { level, text } => {
                let next = match next {
                    Some(Block::Heading { level, .. }) => Some(*level),
                    _ => None,
                };
                self.heading(*level, text, next);
            }
            Block::Text(rich) => {
                let node = self.out.tree.add(None, Role::Paragraph);
                let width = self.width();
                self.paragraph(node, rich, (MARGIN, width));
                self.y += 4 * POINT;
            }
            Block::Total {
                label,
                amount,
                note,
            } => self.total(label, amount, note),
            Block::Facts { name, facts } => self.facts(name, facts, LABELS),
            Block::Table(table) => self.table(table),
            Block::List { numbered, items } => self.list(*numbered, items),
            Block::Chart(chart) => self.chart(chart),
        }
    }

    /// The lines of a text under each other, over pages where they must.
    fn paragraph(&mut self, node: NodeId, rich: &Rich, (x, width): (Mil, Mil)) {
        let look = Look::of(rich);
        let lines = self.lines(rich, width);
        let leaf = self.leaf(node, rich);
        for line in lines {
            self.room(look.step());
            self.text((x, self.y), line, look, leaf);
            self.y += look.step();
        }
    }

    fn heading(&mut self, level: u8, text: &str, next: Option<u8>) {
        let Title {
            size,
            above,
            below,
            under,
        } = Title::of(level);
        // A heading right under this one must come along with what is under it.
        let under = next.map_or(under, |level| Title::of(level).whole());
        let look = Look {
            size,
            weight: Weight::Bold,
            ink: Ink::Blue,
        };
        let lines = shape::wrap(self.fonts, text, (look.weight, size), self.width());
        let height = look.step() * Mil::try_from(lines.len()).unwrap_or(1);
        if !self.room(above + height + below + under) && self.y > MARGIN {
            self.y += above;
        }
        let (page, y) = (self.page(), self.y);
        if level < 4 {
            let text = text.to_owned();
            self.out.marks.push(Mark {
                level,
                text,
                page,
                y,
            });
        }
        let role = Role::Heading(level, text.to_owned());
        let node = self.out.tree.add(None, role);
        for line in lines {
            self.text((MARGIN, self.y), line, look, Leaf::Node(node, None));
            self.y += look.step();
        }
        self.y += below;
    }

    fn total(&mut self, label: &str, amount: &str, beneath: &str) {
        let great = Look {
            size: GREAT,
            weight: Weight::Bold,
            ink: Ink::Black,
        };
        let beneath = Rich::words(beneath);
        let label = Rich::bold(label);
        self.room(great.step() + 3 * Look::of(&beneath).step() + 20 * POINT);
        self.y += 10 * POINT;
        self.rule((MARGIN, self.y), self.width(), Ink::Blue);
        self.y += 6 * POINT;
        let node = self.out.tree.add(None, Role::Paragraph);
        let width = self.width();
        self.paragraph(node, &label, (MARGIN, width));
        let node = self.out.tree.add(None, Role::Paragraph);
        for line in shape::wrap(self.fonts, amount, (great.weight, GREAT), width) {
            self.text((MARGIN, self.y), line, great, Leaf::Node(node, None));
            self.y += great.step();
        }
        let node = self.out.tree.add(None, Role::Paragraph);
        self.paragraph(node, &beneath, (MARGIN, width));
        self.y += 6 * POINT;
        self.rule((MARGIN, self.y), self.width(), Ink::Blue);
        self.y += 6 * POINT;
    }

    fn list(&mut self, numbered: bool, items: &[Vec<Rich>]) {
        let list = self.out.tree.add(None, Role::List { numbered });
        let (x, width) = (MARGIN + MARKS, self.width() - MARKS);
        for (at, item) in items.iter().enumerate() {
            let mark = if numbered {
                format!("{}.", at + 1)
            } else {
                "•".to_owned()
            };
            let mark = Rich::words(mark);
            let look = Look::of(&mark);
            let node = self.out.tree.add(Some(list), Role::Item);
            self.room(2 * look.step());
            let label = self.out.tree.add(Some(node), Role::Label);
            let line = shape::line(self.fonts, &mark.text, look.weight);
            self.text((MARGIN, self.y), line, look, Leaf::Node(label, None));
            let body = self.out.tree.add(Some(node), Role::Body);
            for rich in item {
                let part = self.out.tree.add(Some(body), Role::Paragraph);
                self.paragraph(part, rich, (x, width));
            }
            self.y += POINT;
        }
        self.y += 3 * POINT;
    }

    fn chart(&mut self, chart: &Chart) {
        let look = Look {
            size: SMALL,
            weight: Weight::Regular,
            ink: Ink::Grey,
        };
        let node = self.out.tree.add(None, Role::Figure(chart.words.clone()));
        let leaf = Leaf::Node(node, None);
        self.room(BARS + 2 * look.step() + 8 * POINT);
        let highest = shape::line(self.fonts, &chart.highest, look.weight);
        self.text((MARGIN, self.y), highest, look, leaf);
        let top = self.y + look.step() + 2 * POINT;
        let bars = Mil::try_from(chart.bars.len()).unwrap_or(1).max(1);
        let step = (self.width() / bars).min(BAR * 10 / 7);
        let most = i128::from(chart.bars.iter().copied().max().unwrap_or(0).max(1));
        let mut x = MARGIN;
        for bar in &chart.bars {
            let height = i128::from(BARS) * i128::from(*bar) / most;
            let height = Mil::try_from(height).unwrap_or(0);
            if *bar > 0 {
                // Even the smallest is seen.
                let height = height.max(POINT);
                self.draw(Item::Box {
                    x,
                    y: top + BARS - height,
                    width: step * 7 / 10,
                    height,
                    ink: Ink::Blue,
                    leaf,
                });
            }
            x += step;
        }
        self.rule((MARGIN, top + BARS), step * bars, Ink::Grey);
        let under = top + BARS + 2 * POINT;
        let first = shape::line(self.fonts, &chart.first, look.weight);
        let last = shape::line(self.fonts, &chart.last, look.weight);
        let (begin, end) = (first.width(SMALL), last.width(SMALL));
        self.text((MARGIN, under), first, look, leaf);
        if chart.first != chart.last {
            let right = (MARGIN + step * bars - end).max(MARGIN + begin + 12 * POINT);
            self.text((right, under), last, look, leaf);
        }
        self.y = under + look.step() + 4 * POINT;
    }

    fn feet(&mut self, feet: &Feet) {
        let look = Look {
            size: SMALL,
            weight: Weight::Regular,
            ink: Ink::Grey,
        };
        let pages = self.out.pages.len();
        let y = self.out.paper.height - MARGIN;
        let (right, room) = (self.out.paper.width - MARGIN, self.width());
        for (at, items) in self.out.pages.iter_mut().enumerate() {
            let page = shape::line(self.fonts, &feet.page(at + 1, pages), look.weight);
            let width = page.width(SMALL);
            let short = room - width - 12 * POINT;
            let left = shape::wrap(self.fonts, &feet.left, (look.weight, SMALL), short);
            let left = left.into_iter().next().unwrap_or_default();
            for (x, line) in [(MARGIN, left), (right - width, page)] {
                items.push(Item::Text {
                    x,
                    y,
                    size: SMALL,
                    ink: look.ink,
                    line,
                    leaf: Leaf::Foot,
                });
            }
        }
    }
}
