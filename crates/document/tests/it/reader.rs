//! Reads a document as a screen reader does: through the structure tree, with a library that had no part in writing it.

use hayro_syntax::Pdf;
use hayro_syntax::content::UntypedIter;
use hayro_syntax::object::{Array, Dict, Name, ObjRef, Object, Stream};
use hayro_syntax::page::Page;
use std::collections::{BTreeMap, BTreeSet};

/// A cell of a table.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) kind: String,
    pub(crate) span: usize,
    pub(crate) scope: String,
    pub(crate) text: String,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) about: String,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// What is drawn on a page: everything, and by the numbers that the structure names.
#[derive(Default)]
struct Drawn {
    id: Option<ObjRef>,
    all: String,
    marked: BTreeMap<i64, String>,
    languages: BTreeSet<String>,
}

/// An element of the structure.
#[derive(Default)]
struct Element {
    kind: String,
    about: String,
    scope: String,
    span: usize,
    text: String,
    below: Vec<Element>,
}

impl Element {
    /// All elements of a kind, in order of reading.
    fn all<'a>(&'a self, kind: &str, found: &mut Vec<&'a Self>) {
        if self.kind == kind {
            found.push(self);
        }
        for below in &self.below {
            below.all(kind, found);
        }
    }

    /// Own text, and that of everything below.
    fn whole(&self) -> String {
        let mut out = self.text.clone();
        for below in &self.below {
            out.push_str(&below.whole());
        }
        out.push('\n');
        out
    }

    fn headings(&self, found: &mut Vec<(u8, String)>) {
        let level = self.kind.strip_prefix('H').map(str::parse::<u8>);
        if let Some(Ok(level)) = level {
            found.push((level, self.whole().trim().to_owned()));
        }
        self.below.iter().for_each(|e| e.headings(found));
    }
}

/// A document that was read.
pub(crate) struct Read {
    pub(crate) language: String,
    pub(crate) title: String,
    pub(crate) is_marked: bool,
    pub(crate) shows_its_title: bool,
    /// The metadata that names the standards.
    pub(crate) standards: String,
    pub(crate) fonts_are_embedded: bool,
    /// Titles in order.
    pub(crate) bookmarks: Vec<String>,
    /// What figures are in words.
    pub(crate) figures: Vec<String>,
    pages: Vec<Drawn>,
    root: Element,
}

/// A text of the file's: UTF-16 behind its mark, else bytes that are characters.
fn string(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xfe, 0xff]) {
        Some(rest) => utf16(rest),
        None => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

fn text_in(dictionary: &Dict<'_>, key: &str) -> String {
    let found = dictionary.get::<hayro_syntax::object::String<'_>>(key);
    found.map_or_else(String::new, |s| string(&s))
}

fn name_in(dictionary: &Dict<'_>, key: &str) -> String {
    let found = dictionary.get::<Name<'_>>(key);
    found.map_or_else(String::new, |n| n.as_str().to_owned())
}

/// What stands under a key, one or a list.
fn list<'a>(dictionary: &Dict<'a>, key: &str) -> Vec<Object<'a>> {
    match dictionary.get::<Object<'a>>(key) {
        Some(Object::Array(list)) => list.iter::<Object<'a>>().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

impl Read {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let pdf = Pdf::new(bytes.to_vec()).unwrap();
        let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).unwrap();
        let pages: Vec<Drawn> = pdf.pages().iter().map(drawn).collect();
        let structure = catalog.get::<Dict<'_>>("StructTreeRoot").unwrap();
        let root = element(&structure, &pages, None);
        let marks = catalog.get::<Dict<'_>>("MarkInfo").unwrap();
        let view = catalog.get::<Dict<'_>>("ViewerPreferences").unwrap();
        let metadata = catalog.get::<Stream<'_>>("Metadata").unwrap();
        let metadata = metadata.decoded().unwrap().into_owned();
        let mut bookmarks = Vec::new();
        titles(
            &catalog.get::<Dict<'_>>("Outlines").unwrap(),
            &mut bookmarks,
        );
        let mut found = Vec::new();
        root.all("Figure", &mut found);
        Self {
            language: text_in(&catalog, "Lang"),
            title: string(pdf.metadata().title.as_deref().unwrap()),
            is_marked: marks.get::<bool>("Marked").unwrap(),
            shows_its_title: view.get::<bool>("DisplayDocTitle").unwrap(),
            standards: String::from_utf8(metadata).unwrap(),
            fonts_are_embedded: fonts_are_embedded(&pdf),
            bookmarks,
            figures: found.iter().map(|f| f.about.clone()).collect(),
            pages,
            root,
        }
    }

    /// Everything in order of reading, elements in lines.
    pub(crate) fn text(&self) -> String {
        self.root.whole()
    }

    /// What is drawn on each page, decoration included.
    pub(crate) fn drawn_pages(&self) -> Vec<&str> {
        self.pages.iter().map(|p| p.all.as_str()).collect()
    }

    pub(crate) fn languages_of_spans(&self) -> BTreeSet<String> {
        let all = self.pages.iter().flat_map(|p| p.languages.iter().cloned());
        all.collect()
    }

    /// Levels and texts in order of reading.
    pub(crate) fn headings(&self) -> Vec<(u8, String)> {
        let mut found = Vec::new();
        self.root.headings(&mut found);
        found
    }

    pub(crate) fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        self.root.all("Table", &mut tables);
        tables.into_iter().map(table).collect()
    }
}

fn table(table: &Element) -> Table {
    let mut rows = Vec::new();
    table.all("TR", &mut rows);
    let cell = |cell: &Element| Cell {
        kind: cell.kind.clone(),
        span: cell.span,
        scope: cell.scope.clone(),
        text: cell.whole(),
    };
    Table {
        about: table.about.clone(),
        rows: rows
            .iter()
            .map(|row| row.below.iter().map(cell).collect())
            .collect(),
    }
}

fn fonts_are_embedded(pdf: &Pdf) -> bool {
    let objects = pdf.objects().into_iter();
    let descriptors: Vec<Dict<'_>> = objects
        .filter_map(Object::into_dict)
        .filter(|d| name_in(d, "Type") == "FontDescriptor")
        .collect();
    let embedded = |d: &Dict<'_>| d.contains_key("FontFile2") || d.contains_key("FontFile3");
    !descriptors.is_empty() && descriptors.iter().all(embedded)
}

fn titles(parent: &Dict<'_>, found: &mut Vec<String>) {
    let mut next = parent.get::<Dict<'_>>("First");
    while let Some(item) = next {
        found.push(text_in(&item, "Title"));
        titles(&item, found);
        next = item.get::<Dict<'_>>("Next");
    }
}

/// One element, its marked content found on the pages.
fn element(dictionary: &Dict<'_>, pages: &[Drawn], page: Option<ObjRef>) -> Element {
    let page = dictionary.get_ref("Pg").or(page);
    let attributes: Vec<Dict<'_>> = list(dictionary, "A")
        .into_iter()
        .filter_map(Object::into_dict)
        .collect();
    let with = |key: &str| attributes.iter().find(|a| a.contains_key(key));
    let mut out = Element {
        kind: name_in(dictionary, "S"),
        about: with("Summary")
            .map_or_else(|| text_in(dictionary, "Alt"), |a| text_in(a, "Summary")),
        scope: with("Scope").map_or_else(String::new, |a| name_in(a, "Scope")),
        span: with("ColSpan").map_or(1, |a| usize::from(a.get::<u16>("ColSpan").unwrap())),
        text: String::new(),
        below: Vec::new(),
    };
    for child in list(dictionary, "K") {
        match child {
            Object::Number(number) => out.text.push_str(marked(pages, page, number.as_i64())),
            Object::Dict(below) if below.contains_key("MCID") => {
                let number = i64::from(below.get::<i32>("MCID").unwrap());
                let own = below.get_ref("Pg").or(page);
                out.text.push_str(marked(pages, own, number));
            }
            Object::Dict(below) => out.below.push(element(&below, pages, page)),
            other => panic!("{other:?} in the structure"),
        }
    }
    out
}

fn marked(pages: &[Drawn], page: Option<ObjRef>, number: i64) -> &str {
    let page = pages.iter().find(|p| p.id == page).unwrap();
    page.marked.get(&number).map_or("", String::as_str)
}

/// A stretch of marked content that is open.
#[derive(Default)]
struct Open {
    number: Option<i64>,
    /// Its text, where the file says it.
    said: Option<String>,
    shown: String,
}

/// Characters by the two bytes of their glyph, from a font's `ToUnicode`.
type Characters = BTreeMap<[u8; 2], String>;

fn characters(font: &Dict<'_>) -> Characters {
    let stream = font.get::<Stream<'_>>("ToUnicode").unwrap();
    let text = String::from_utf8_lossy(&stream.decoded().unwrap()).into_owned();
    assert!(!text.contains("beginbfrange"), "not read by this reader");
    let mut found = Characters::new();
    for block in text.split("beginbfchar").skip(1) {
        let block = block.split("endbfchar").next().unwrap();
        let words: Vec<Vec<u8>> = block
            .split(['<', '>'])
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .map(hex)
            .collect();
        for pair in words.chunks(2) {
            found.insert([pair[0][0], pair[0][1]], utf16(&pair[1]));
        }
    }
    found
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap())
        .collect()
}

fn drawn(page: &Page<'_>) -> Drawn {
    let mut out = Drawn {
        id: page
            .raw()
            .obj_id()
            .map(|id| ObjRef::new(id.obj_number, id.gen_number)),
        ..Drawn::default()
    };
    let mut fonts: BTreeMap<String, Characters> = BTreeMap::new();
    let mut font = String::new();
    let mut open: Vec<Open> = Vec::new();
    let mut operations: UntypedIter<'_> = page.operations();
    while let Some(operation) = operations.next() {
        let operands: Vec<&Object<'_>> = operation.operands().collect();
        match &operation.operator[..] {
            b"BMC" => open.push(Open::default()),
            b"BDC" => open.push(opened(operands[1], &mut out.languages)),
            b"EMC" => closed(&mut open, &mut out),
            b"Tf" => {
                let Object::Name(name) = operands[0] else {
                    panic!("{operands:?}")
                };
                name.as_str().clone_into(&mut font);
                let load = || characters(&page.resources().get_font(name).unwrap());
                fonts.entry(font.clone()).or_insert_with(load);
            }
            b"Tj" | b"TJ" => {
                let text = shown(&fonts[&font], operands[0]);
                open.last_mut()
                    .expect("text without a tag")
                    .shown
                    .push_str(&text);
            }
            _ => {}
        }
    }
    assert!(open.is_empty());
    out
}

fn opened(properties: &Object<'_>, languages: &mut BTreeSet<String>) -> Open {
    let Object::Dict(properties) = properties else {
        panic!("{properties:?}")
    };
    if properties.contains_key("Lang") {
        languages.insert(text_in(properties, "Lang"));
    }
    let said = properties.contains_key("ActualText");
    Open {
        number: properties.get::<i32>("MCID").map(i64::from),
        said: said.then(|| text_in(properties, "ActualText")),
        shown: String::new(),
    }
}

fn closed(open: &mut Vec<Open>, out: &mut Drawn) {
    let closed = open.pop().unwrap();
    let text = closed.said.unwrap_or(closed.shown);
    if let Some(number) = closed.number {
        out.marked.insert(number, text.clone());
    }
    if let Some(outer) = open.last_mut() {
        outer.shown.push_str(&text);
    } else {
        out.all.push_str(&text);
        out.all.push('\n');
    }
}

fn shown(characters: &Characters, operand: &Object<'_>) -> String {
    match operand {
        Object::String(bytes) => bytes
            .chunks(2)
            .map(|glyph| characters[&[glyph[0], glyph[1]]].as_str())
            .collect(),
        Object::Array(list) => all_shown(characters, list),
        _ => String::new(),
    }
}

fn all_shown(characters: &Characters, list: &Array<'_>) -> String {
    list.iter::<Object<'_>>()
        .map(|o| shown(characters, &o))
        .collect()
}
