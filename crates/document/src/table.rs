//! Tables on pages: columns, rows that stay together, headers again on every page.

use crate::block::{Align, Fact, Rich, Row, Table};
use crate::layout::{Flow, Ink, Leaf, Look, POINT};
use crate::shape::{Line, Mil};
use crate::tree::{NodeId, Role};

/// White between columns and between rows.
const GAP: Mil = 8 * POINT;
const AIR: Mil = 2 * POINT;

/// A cell's lines, and where they stand.
struct Set {
    lines: Vec<Line>,
    look: Look,
    leaf: Leaf,
    x: Mil,
    width: Mil,
    align: Align,
}

impl Set {
    fn height(&self) -> Mil {
        self.look.step() * Mil::try_from(self.lines.len()).unwrap_or(Mil::MAX / POINT)
    }
}

/// Begins and widths of columns.
fn columns(table: &Table, left: Mil, width: Mil) -> Vec<(Mil, Mil)> {
    let parts: Mil = table.columns.iter().map(|c| c.width).sum();
    let gaps = GAP * (Mil::try_from(table.columns.len()).unwrap_or(1) - 1);
    let mut x = left;
    let each = table.columns.iter().map(|c| {
        let own = (width - gaps) * c.width / parts.max(1);
        let place = (x, own);
        x += own + GAP;
        place
    });
    each.collect()
}

impl Flow<'_> {
    pub(crate) fn table(&mut self, table: &Table) {
        let places = columns(table, Self::left(), self.width());
        let node = self.out.tree.add(None, Role::Table(table.name.clone()));
        let head = self.out.tree.add(Some(node), Role::Head);
        let row = self.out.tree.add(Some(head), Role::Row);
        self.room(60 * POINT);
        self.head(table, &places, Some(row));
        let body = self.out.tree.add(Some(node), Role::Rows);
        for row in &table.rows {
            self.row(table, &places, row, body);
        }
        self.y += 6 * POINT;
    }

    /// The header row, as content of `node` the first time, for the eye afterwards.
    fn head(&mut self, table: &Table, places: &[(Mil, Mil)], node: Option<NodeId>) {
        let mut sets = Vec::new();
        for (column, (x, width)) in table.columns.iter().zip(places) {
            let rich = Rich::bold(&column.head);
            let leaf = match node {
                Some(row) => {
                    let cell = self.out.tree.add(Some(row), Role::ColumnHeader(1));
                    Leaf::Node(cell, None)
                }
                None => Leaf::Repeated,
            };
            sets.push(Set {
                lines: self.lines(&rich, *width),
                look: Look::of(&rich),
                leaf,
                x: *x,
                width: *width,
                align: column.align,
            });
        }
        let height = sets.iter().map(Set::height).max().unwrap_or(0);
        let top = self.y;
        for set in sets {
            self.place(set, top);
        }
        self.y = top + height + AIR;
        self.rule((Self::left(), self.y), self.width(), Ink::Blue);
        self.y += AIR;
    }

    fn row(&mut self, table: &Table, places: &[(Mil, Mil)], row: &Row, body: NodeId) {
        let node = self.out.tree.add(Some(body), Role::Row);
        let mut sets = Vec::new();
        let mut at = 0usize;
        for (number, cell) in row.cells.iter().enumerate() {
            let role = if number == 0 {
                Role::RowHeader(cell.span)
            } else {
                Role::Data(cell.span)
            };
            let own = self.out.tree.add(Some(node), role);
            let covered = places.iter().skip(at).take(cell.span);
            let (x, end) = covered.fold((Mil::MAX, 0), |(x, end), (begin, width)| {
                (x.min(*begin), end.max(begin + width))
            });
            let width = (end - x).max(POINT);
            let align = table.columns.get(at).map_or(Align::Left, |c| c.align);
            sets.push(Set {
                lines: self.lines(&cell.text, width),
                look: Look::of(&cell.text),
                leaf: self.leaf(own, &cell.text),
                x,
                width,
                align,
            });
            at += cell.span;
        }
        if row.sum {
            self.y += AIR;
        }
        self.sets(sets, Some((table, places)), row.sum);
    }

    /// Places a row's cells beside each other; a row that fits on a page is not torn.
    fn sets(&mut self, sets: Vec<Set>, table: Option<(&Table, &[(Mil, Mil)])>, sum: bool) {
        let height = sets.iter().map(Set::height).max().unwrap_or(0);
        let again = |flow: &mut Self| {
            if let Some((table, places)) = table {
                flow.head(table, places, None);
            }
        };
        if self.room(height.min(self.most()) + AIR) {
            again(self);
        }
        if sum {
            self.rule((Self::left(), self.y - AIR), self.width(), Ink::Pale);
        }
        if height <= self.most() {
            let top = self.y;
            for set in sets {
                self.place(set, top);
            }
            self.y = top + height + AIR;
            return;
        }
        // A row higher than a page: line by line.
        let step = sets.iter().map(|s| s.look.step()).max().unwrap_or(POINT);
        let most = sets.iter().map(|s| s.lines.len()).max().unwrap_or(0);
        let mut columns: Vec<_> = sets
            .into_iter()
            .map(|s| (s.lines.into_iter(), s.look, s.leaf, s.x))
            .collect();
        for _ in 0..most {
            if self.room(step) {
                again(self);
            }
            let top = self.y;
            for (lines, look, leaf, x) in &mut columns {
                if let Some(line) = lines.next() {
                    self.text((*x, top), line, *look, *leaf);
                }
            }
            self.y = top + step;
        }
        self.y += AIR;
    }

    fn place(&mut self, set: Set, top: Mil) {
        let mut y = top;
        for line in set.lines {
            let x = match set.align {
                Align::Left => set.x,
                Align::Right => set.x + (set.width - line.width(set.look.size)).max(0),
            };
            self.text((x, y), line, set.look, set.leaf);
            y += set.look.step();
        }
    }

    /// Labels with what belongs to them: a table without a header row, each label the header of its row.
    pub(crate) fn facts(&mut self, name: &str, facts: &[Fact], labels: Mil) {
        let node = self.out.tree.add(None, Role::Table(name.to_owned()));
        let body = self.out.tree.add(Some(node), Role::Rows);
        let left = Self::left();
        let (x, width) = (left + labels + GAP, self.width() - labels - GAP);
        for fact in facts {
            let row = self.out.tree.add(Some(body), Role::Row);
            let header = self.out.tree.add(Some(row), Role::RowHeader(1));
            let label = Rich::words(&fact.label);
            let look = Look {
                ink: Ink::Grey,
                ..Look::of(&label)
            };
            let label = Set {
                lines: self.lines(&label, labels),
                look,
                leaf: Leaf::Node(header, None),
                x: left,
                width: labels,
                align: Align::Left,
            };
            let data = self.out.tree.add(Some(row), Role::Data(1));
            let text = Set {
                lines: self.lines(&fact.text, width),
                look: Look::of(&fact.text),
                leaf: self.leaf(data, &fact.text),
                x,
                width,
                align: Align::Left,
            };
            self.sets(vec![label, text], None, false);
        }
        self.y += 4 * POINT;
    }
}
