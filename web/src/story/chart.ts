import type { FlowChart } from '../api/types.ts';

/**
 * The flow chart, laid out from the table of transitions that the program itself runs on (`GET /flow-chart`): the way to a settled charge runs
 * down the middle; what ends a charge without a bill leaves to the left, what people must look at or what is done leaves to the right. The
 * same rule draws docs/flow-chart.svg in the gateway's crate; no state and no arrow is written down here.
 */

type Transition = FlowChart['transitions'][number];

export interface Box {
  state: string;
  title: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Arrow {
  transition: Transition;
  from: [number, number];
  to: [number, number];
  label: [number, number];
  /** Where the label's text begins: at the point, or around it. */
  anchor: 'start' | 'middle';
}

export interface Drawing {
  width: number;
  height: number;
  boxes: Box[];
  arrows: Arrow[];
}

const WIDTH = 980;
const MIDDLE = { x: 390, width: 200 };
const LEFT = { x: 20, width: 130 };
const RIGHT = { x: 830, width: 130 };
const BOX = 34;
const LANE = 46;
const GAP = 40;
const DONE = 'settled';
const TROUBLE = 'disputed';

/** The states from the first one to the settled charge, each the first unfinished one that its predecessor leads to. */
export function mainWay(chart: FlowChart): string[] {
  const open = new Set(chart.transitions.map((transition) => transition.from));
  const way: string[] = [];
  for (let at = chart.states[0]?.id; at !== undefined && !way.includes(at); ) {
    way.push(at);
    const onward = chart.transitions.filter((transition) => transition.from === at);
    at = (onward.find((transition) => open.has(transition.to)) ?? onward.find((transition) => transition.to === DONE))?.to;
  }
  return way;
}

export function drawn(chart: FlowChart): Drawing {
  const way = mainWay(chart);
  const drawing: Drawing = { width: WIDTH, height: 0, boxes: [], arrows: [] };
  let y = 16;
  for (const [index, state] of way.entries()) y = row(drawing, chart, state, way[index + 1], y);
  drawing.height = y + 16;
  return drawing;
}

function title(chart: FlowChart, id: string): string {
  return chart.states.find((state) => state.id === id)?.title ?? id;
}

function row(drawing: Drawing, chart: FlowChart, state: string, next: string | undefined, y: number): number {
  const ways = chart.transitions.filter((transition) => transition.from === state);
  const down = ways.find((transition) => transition.to === next);
  let [left, right] = [y, y];
  for (const transition of ways.filter((one) => one !== down)) {
    const toTheRight = transition.to === TROUBLE || transition.to === DONE;
    const lane = toTheRight ? right : left;
    side(drawing, chart, transition, lane, toTheRight);
    if (toTheRight) right += LANE;
    else left += LANE;
  }
  const lanes = Math.max(1, (Math.max(left, right) - y) / LANE);
  const height = BOX + (lanes - 1) * LANE;
  drawing.boxes.push({ state, title: title(chart, state), ...MIDDLE, y, height });
  const bottom = y + height;
  if (!down) return bottom;
  const x = MIDDLE.x + MIDDLE.width / 2;
  drawing.arrows.push({ transition: down, from: [x, bottom], to: [x, bottom + GAP], label: [x + 10, bottom + GAP - 16], anchor: 'start' });
  return bottom + GAP;
}

function side(drawing: Drawing, chart: FlowChart, transition: Transition, y: number, toTheRight: boolean): void {
  const column = toTheRight ? RIGHT : LEFT;
  const middle = y + BOX / 2;
  drawing.boxes.push({ state: transition.to, title: title(chart, transition.to), ...column, y, height: BOX });
  const from = toTheRight ? MIDDLE.x + MIDDLE.width : MIDDLE.x;
  const to = toTheRight ? RIGHT.x : LEFT.x + LEFT.width;
  drawing.arrows.push({ transition, from: [from, middle], to: [to, middle], label: [(from + to) / 2, middle - 6], anchor: 'middle' });
}

/** The transitions that lead to a state, so far as the charge's own trace tells between several ways; empty where none leads there. */
export function walked(chart: FlowChart, state: string | null, flows: ReadonlySet<string>): Transition[] {
  const first = chart.states[0]?.id;
  if (state === null || first === undefined) return [];
  const open: { at: string; way: Transition[] }[] = [{ at: first, way: [] }];
  const found: Transition[][] = [];
  // The table is small and has no circle; the bound only guards against a table that has one.
  for (let rounds = 0; rounds < 1_000; rounds += 1) {
    const next = open.shift();
    if (!next) break;
    if (next.at === state) found.push(next.way);
    for (const transition of chart.transitions.filter((one) => one.from === next.at)) open.push({ at: transition.to, way: [...next.way, transition] });
  }
  const worth = (way: Transition[]) => way.filter((one) => flows.has(one.flow)).length;
  return found.sort((one, other) => worth(other) - worth(one))[0] ?? [];
}
