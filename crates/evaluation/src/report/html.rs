//! Small parts of the page: text, tables, figures with their tables.

use std::fmt::Write as _;

/// Text as it stands in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// A cell with more letters than this is a sentence.
const WORDS: usize = 12;

/// A table; every cell is text. The first column is a heading of its row. On a narrow screen it scrolls by itself.
pub(super) fn table(caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escaped(caption)
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(head));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            if place == 0 {
                let _ = write!(out, "<th scope=\"row\">{}</th>", escaped(cell));
            } else {
                // Sentences begin at the left, numbers end at the right.
                let words = cell.chars().filter(|c| c.is_alphabetic()).count() > WORDS;
                let class = if words { " class=\"words\"" } else { "" };
                let _ = write!(out, "<td{class}>{}</td>", escaped(cell));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// A drawing with its caption, and its figures as a table that opens.
pub(super) fn figure(drawing: &str, caption: &str, table: &str) -> String {
    format!(
        "<figure>{drawing}<figcaption>{}</figcaption><details><summary>The figures as a table</summary>{table}</details></figure>\n",
        escaped(caption)
    )
}

/// A paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

/// A figure with its name, large.
pub(super) fn card(value: &str, what: &str) -> String {
    format!(
        "<li><b>{}</b><span>{}</span></li>\n",
        escaped(value),
        escaped(what)
    )
}

/// The looks. Everything is in units of the letter, which grows with very large screens.
pub(super) const STYLE: &str = "
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f4f6f9; --ink: #19202b; --quiet: #566174; --grid: #dde3ec; --rim: #c9d2de;
  --c0: #4d5b70; --c1: #b04a08; --c2: #1257c2; --c3: #107048; --c4: #8a3a9c; --good: #0d6b3f; --bad: #a8231c; --part: #7a5600;
  font: 100%/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-size: clamp(16px, 0.62vw + 8px, 30px); }
@media (prefers-color-scheme: dark) { :root { --ground: #11151c; --panel: #1a202a; --ink: #edf1f7; --quiet: #a8b3c4; --grid: #2a3340; --rim: #3a4556;
  --c0: #a9b6c9; --c1: #ff9f60; --c2: #79b0ff; --c3: #62d29b; --c4: #dc94ec; --good: #6fdc9f; --bad: #ff8f86; --part: #f0c35a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 clamp(0.9rem, 3vw, 2.5rem); }
header { padding-top: 2rem; } footer { padding-bottom: 3rem; color: var(--quiet); }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.6rem; letter-spacing: -0.01em; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 2.6rem 0 0.5rem; }
p { max-width: 46rem; margin: 0.5rem 0; } .quiet { color: var(--quiet); }
.notice { border-left: 0.3rem solid var(--part); background: var(--panel); padding: 0.6rem 0.9rem; border-radius: 0 0.4rem 0.4rem 0; max-width: 46rem; }
.cards { list-style: none; padding: 0; margin: 1rem 0; display: grid; gap: 0.8rem; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); }
.cards li { background: var(--panel); border: 1px solid var(--rim); border-radius: 0.6rem; padding: 0.8rem 1rem; display: flex; flex-direction: column; gap: 0.2rem; }
.cards b { font-size: 1.45rem; font-variant-numeric: tabular-nums; line-height: 1.2; } .cards span { color: var(--quiet); font-size: 0.9rem; line-height: 1.35; }
.pair { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); align-items: start; }
figure { margin: 0.8rem 0; background: var(--panel); border: 1px solid var(--rim); border-radius: 0.6rem; padding: 0.8rem; min-width: 0; }
figure > svg { display: block; width: 100%; height: auto; max-width: 40rem; margin: 0 auto; }
figcaption { color: var(--quiet); font-size: 0.9rem; line-height: 1.4; margin-top: 0.4rem; }
svg text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: var(--quiet); }
.grid { stroke: var(--grid); } .axis { stroke: var(--quiet); } .whisker { stroke: var(--ink); stroke-width: 1.5; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; } .bar { stroke-width: 1.6; } .mark { fill: var(--ground); stroke-width: 1.8; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); }
.line.s0 { stroke-dasharray: 2 5; } .line.s1 { stroke-dasharray: 8 5; } .line.s3 { stroke-dasharray: 10 4 2 4; }
.fill { stroke: var(--panel); stroke-width: 1; } .f0 { fill: var(--c2); } .f1 { fill: var(--c1); } .f2 { fill: var(--c3); } .f3 { fill: var(--c4); } .f4 { fill: var(--c0); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; margin: 0.5rem 0 0; padding: 0; font-size: 0.88rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; } .legend svg { width: 1.75rem; height: 0.75rem; flex: none; }
.scroll { overflow-x: auto; margin: 0.7rem 0; } .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--c2); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; min-width: 100%; }
caption { text-align: left; color: var(--quiet); padding: 0 0 0.35rem; }
th, td { text-align: right; padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; } thead th { border-bottom: 1px solid var(--rim); vertical-align: bottom; } th:first-child, td.words { text-align: left; } td { white-space: nowrap; } td.words { white-space: normal; min-width: 14rem; }
summary { cursor: pointer; color: var(--quiet); font-size: 0.9rem; margin-top: 0.5rem; padding: 0.2rem 0; }
.claims { list-style: none; padding: 0; display: grid; gap: 0.7rem; }
.claims li { border: 1px solid var(--rim); border-left: 0.35rem solid var(--quiet); border-radius: 0.5rem; padding: 0.7rem 1rem; background: var(--panel); overflow-wrap: anywhere; }
.claims p { max-width: none; margin: 0.2rem 0; } .claims .small { font-size: 0.88rem; color: var(--quiet); }
.claims .holds { border-left-color: var(--good); } .claims .if { border-left-color: var(--part); } .claims .fails { border-left-color: var(--bad); }
.holds b.word { color: var(--good); } .if b.word { color: var(--part); } .fails b.word { color: var(--bad); }
@media print { figure, .claims li { break-inside: avoid; } }
";
