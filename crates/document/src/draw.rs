//! A laid-out document as a PDF file: tagged, PDF/UA-1 and PDF/A-2a. The only place with floats: the library's coordinates are, and each
//! is made from a whole number here.

use crate::DocumentError;
use crate::content::About;
use crate::font::Fonts;
use crate::layout::{Ink, Item, LaidOut, Leaf, Mark};
use crate::shape::{Line, Mil, scaled};
use crate::tree::{Child, NodeId, Role, Tree};
use core::num::{NonZeroU16, NonZeroU32};
use fairway_model::Time;
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND, civil_from_days};
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope,
    Tag, TagGroup, TagKind, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

/// The program that made the file.
const PROGRAM: &str = "Fairway";

/// Identifiers of what was drawn, by page and item; none for decoration.
type Drawn = Vec<Vec<Option<Identifier>>>;

/// A length in points.
fn points(mils: Mil) -> f32 {
    let whole = i16::try_from(mils.div_euclid(1_000)).unwrap_or(i16::MAX);
    let part = i16::try_from(mils.rem_euclid(1_000)).unwrap_or(0);
    f32::from(whole) + f32::from(part) / 1_000.0
}

/// A length in a font's units as part of the em.
fn ems(units: i32, of: i32) -> f32 {
    let narrow = |n: i32| f32::from(i16::try_from(n).unwrap_or(i16::MAX));
    narrow(units) / narrow(of)
}

pub(crate) fn draw(
    laid_out: &LaidOut,
    fonts: &Fonts,
    about: &About,
) -> Result<Vec<u8>, DocumentError> {
    let refused = |text: String| DocumentError::Library(text);
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .with_archival_validator(Archival::A2_A)
        .finish()
        .map_err(|e| refused(format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let (width, height) = (laid_out.paper.width, laid_out.paper.height);
    let size = PageSettings::from_wh(points(width), points(height));
    let size = size.ok_or_else(|| refused("the paper has no size".to_owned()))?;
    let mut drawn = Drawn::new();
    for items in &laid_out.pages {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        drawn.push(items.iter().map(|i| item(&mut surface, fonts, i)).collect());
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(structure(&laid_out.tree, &drawn, about.language));
    document.set_outline(outline(&laid_out.marks));
    document.set_metadata(metadata(about));
    document.finish().map_err(|e| refused(format!("{e:?}")))
}

fn fill(ink: Ink) -> Fill {
    let (red, green, blue) = match ink {
        Ink::Black => (0x1a, 0x1a, 0x1a),
        Ink::Grey => (0x55, 0x55, 0x55),
        Ink::Blue => (0x0b, 0x4a, 0x75),
        Ink::Pale => (0xb0, 0xb8, 0xbf),
    };
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }
}

fn artifact(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}

/// Draws something under its tag; gives what the structure refers to it by.
fn item(surface: &mut Surface<'_>, fonts: &Fonts, item: &Item) -> Option<Identifier> {
    let (Item::Text { leaf, ink, .. } | Item::Box { leaf, ink, .. }) = item;
    let tag = match (leaf, item) {
        (Leaf::Layout, _) => artifact(ArtifactType::Layout),
        (Leaf::Repeated, _) => artifact(ArtifactType::PaginationOther),
        (Leaf::Foot, _) => artifact(ArtifactType::Footer),
        (Leaf::Node(..), Item::Box { .. }) => ContentTag::Other,
        (Leaf::Node(_, language), Item::Text { line, .. }) => {
            let read = SpanTag::empty().with_actual_text(line.read.as_deref());
            ContentTag::Span(read.with_lang(*language))
        }
    };
    let identifier = surface.start_tagged(tag);
    surface.set_fill(Some(fill(*ink)));
    match item {
        Item::Text {
            x, y, size, line, ..
        } => text(surface, fonts, (*x, *y), *size, line),
        Item::Box {
            x,
            y,
            width,
            height,
            ..
        } => filled(surface, (*x, *y), (*width, *height)),
    }
    surface.end_tagged();
    matches!(leaf, Leaf::Node(..)).then_some(identifier)
}

fn text(surface: &mut Surface<'_>, fonts: &Fonts, (x, y): (Mil, Mil), size: Mil, line: &Line) {
    for piece in &line.pieces {
        let loaded = fonts.get(piece.font);
        let of = loaded.units();
        let glyphs: Vec<KrillaGlyph> = piece
            .glyphs
            .iter()
            .map(|g| {
                KrillaGlyph::new(
                    GlyphId::new(g.id),
                    ems(g.advance, of),
                    ems(g.right, of),
                    ems(g.up, of),
                    0.0,
                    g.text.clone(),
                    None,
                )
            })
            .collect();
        let start = Point::from_xy(points(x + scaled(piece.at, size)), points(y));
        let font = loaded.font.clone();
        surface.draw_glyphs(start, &glyphs, font, &piece.text, points(size), false);
    }
}

fn filled(surface: &mut Surface<'_>, (x, y): (Mil, Mil), (width, height): (Mil, Mil)) {
    let rect = Rect::from_xywh(points(x), points(y), points(width), points(height));
    let path = rect.and_then(|rect| {
        let mut builder = PathBuilder::new();
        builder.push_rect(rect);
        builder.finish()
    });
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}

fn span(columns: usize) -> Option<NonZeroU32> {
    u32::try_from(columns)
        .ok()
        .and_then(NonZeroU32::new)
        .filter(|n| n.get() > 1)
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Paragraph => Tag::P.into(),
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text.clone())).into()
        }
        Role::Code => Tag::Code.into(),
        Role::List { numbered } => Tag::L(if *numbered {
            ListNumbering::Decimal
        } else {
            ListNumbering::Disc
        })
        .into(),
        Role::Item => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::Body => Tag::LBody.into(),
        Role::Table(about) => Tag::Table.with_summary(Some(about.clone())).into(),
        Role::Head => Tag::THead.into(),
        Role::Rows => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeader(columns) => Tag::TH(TableHeaderScope::Column)
            .with_col_span(span(*columns))
            .into(),
        Role::RowHeader(columns) => Tag::TH(TableHeaderScope::Row)
            .with_col_span(span(*columns))
            .into(),
        Role::Data(columns) => Tag::TD.with_col_span(span(*columns)).into(),
        Role::Figure(words) => Tag::Figure(Some(words.clone())).into(),
    }
}

fn structure(tree: &Tree, drawn: &Drawn, language: &str) -> TagTree {
    let mut root = TagTree::new().with_lang(Some(language.to_owned()));
    for id in &tree.roots {
        if let Some(group) = group(tree, *id, drawn) {
            root.push(group);
        }
    }
    root
}

/// A node with all below it. Nodes only ever hold nodes made after them, so this ends.
fn group(tree: &Tree, id: NodeId, drawn: &Drawn) -> Option<TagGroup> {
    let node = tree.nodes.get(id)?;
    let mut out = TagGroup::new(tag(&node.role));
    for child in &node.children {
        let child: Option<Node> = match child {
            Child::Node(id) => group(tree, *id, drawn).map(Node::from),
            Child::Item(page, item) => drawn
                .get(*page)
                .and_then(|items| items.get(*item).copied().flatten())
                .map(Node::from),
        };
        if let Some(child) = child {
            out.push(child);
        }
    }
    Some(out)
}

/// Bookmarks, each under the last one of a higher level.
fn outline(marks: &[Mark]) -> Outline {
    let mut outline = Outline::new();
    for node in bookmarks(marks) {
        outline.push_child(node);
    }
    outline
}

/// The bookmarks of the highest level, with all below them. Each call has fewer marks than the one before, so this ends.
fn bookmarks(marks: &[Mark]) -> Vec<OutlineNode> {
    let (mut found, mut rest) = (Vec::new(), marks);
    while let Some((mark, after)) = rest.split_first() {
        let deeper = after.iter().take_while(|m| m.level > mark.level).count();
        let (deeper, next) = after.split_at(deeper);
        let to = XyzDestination::new(mark.page, Point::from_xy(0.0, points(mark.y)));
        let mut node = OutlineNode::new(mark.text.clone(), to);
        for below in bookmarks(deeper) {
            node.push_child(below);
        }
        found.push(node);
        rest = next;
    }
    found
}

fn metadata(about: &About) -> Metadata {
    let (year, month) = about.month;
    let first = || DateTime::new(year).month(month).day(1);
    Metadata::new()
        .title(about.title.clone())
        .authors(vec![about.author.clone()])
        .creator(PROGRAM.to_owned())
        .producer(PROGRAM.to_owned())
        .language(about.language.to_owned())
        .creation_date(about.made.and_then(date).unwrap_or_else(first))
}

fn date(at: Time) -> Option<DateTime> {
    let (days, millis) = (at.0.div_euclid(DAY), at.0.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let part = |unit: i64, modulus: i64| u8::try_from(millis.div_euclid(unit).rem_euclid(modulus));
    Some(
        DateTime::new(u16::try_from(year).ok()?)
            .month(u8::try_from(month).ok()?)
            .day(u8::try_from(day).ok()?)
            .hour(part(HOUR, 24).ok()?)
            .minute(part(MINUTE, 60).ok()?)
            .second(part(SECOND, 60).ok()?)
            .utc_offset_hour(0),
    )
}
