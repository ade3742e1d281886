import { strToU8, zipSync } from 'fflate';
import type { Cell, Grid } from './grid.ts';

/**
 * The grid as a workbook of one sheet (ECMA-376 part 1, SpreadsheetML). Text is text and never a formula; numbers are numbers, times are
 * moments in UTC. A number of more than fifteen digits stands as text, because a spreadsheet would round it.
 */
export function xlsx({ head, rows }: Grid, name: string): Uint8Array<ArrayBuffer> {
  const lines = [line(head.map((value) => ({ kind: 'text', value }) as Cell), 0, HEADING), ...rows.map((cells, at) => line(cells, at + 1, PLAIN))];
  const end = `${letters(Math.max(head.length, 1) - 1)}${rows.length + 1}`;
  const sheet = `${XML}<worksheet xmlns="${MAIN}"><dimension ref="A1:${end}"/><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="${Math.max(head.length, 1)}" width="22" customWidth="1"/></cols><sheetData>${lines.join('')}</sheetData><autoFilter ref="A1:${end}"/></worksheet>`;
  const files: Record<string, string> = {
    '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${SHEETS}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${SHEETS}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${SHEETS}.styles+xml"/></Types>`,
    '_rels/.rels': relations([['officeDocument', 'xl/workbook.xml']]),
    'xl/workbook.xml': `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="${sheetName(name)}" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations([
      ['worksheet', 'worksheets/sheet1.xml'],
      ['styles', 'styles.xml'],
    ]),
    'xl/styles.xml': STYLES,
    'xl/worksheets/sheet1.xml': sheet,
  };
  const bytes = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)]));
  // A file of the same rows is the same file: the archive bears no time of its own.
  return zipSync(bytes, { mtime: '1980-01-01' });
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const SHEETS = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Places in the list of cell formats in `STYLES`. */
const PLAIN = 0;
const HEADING = 1;
const MOMENT = 2;
const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/><xf fontId="1" applyFont="1" xfId="0"/><xf numFmtId="164" applyNumberFormat="1" xfId="0"/></cellXfs></styleSheet>`;

function relations(parts: [string, string][]): string {
  const each = parts.map(([kind, target], at) => `<Relationship Id="r${at + 1}" Type="${OFFICE}/${kind}" Target="${target}"/>`);
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${each.join('')}</Relationships>`;
}

function line(cells: readonly Cell[], row: number, style: number): string {
  return `<row r="${row + 1}">${cells.map((cell, column) => one(cell, `${letters(column)}${row + 1}`, style)).join('')}</row>`;
}

/** The digits that a double keeps for certain. */
const EXACT_DIGITS = 15;

function one({ kind, value }: Cell, place: string, style: number): string {
  if (value === '') return '';
  if (kind === 'number' && value.replace(/^-?0*\.?0*|\./g, '').length <= EXACT_DIGITS) return `<c r="${place}"><v>${value}</v></c>`;
  const day = kind === 'time' ? serial(value) : undefined;
  if (day !== undefined) return `<c r="${place}" s="${MOMENT}"><v>${day}</v></c>`;
  return `<c r="${place}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(value.slice(0, LONGEST))}</t></is></c>`;
}

/** The most characters that a cell may have by the format's own limits. */
const LONGEST = 32_767;

/** A moment as days since 30 December 1899, which is how a spreadsheet counts. */
function serial(time: string): number | undefined {
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : at / 86_400_000 + 25_569;
}

function escaped(text: string): string {
  // XML 1.0 has no place for other control characters, not even escaped.
  const allowed = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
  return allowed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Columns are A to Z, AA to ZZ, and on. */
function letters(column: number): string {
  const last = String.fromCharCode(65 + (column % 26));
  return column < 26 ? last : letters(Math.floor(column / 26) - 1) + last;
}

/** A sheet's name has at most 31 characters, and none of these. */
function sheetName(name: string): string {
  return escaped(name.replace(/[\\/?*[\]:]/g, ' ').slice(0, 31));
}
