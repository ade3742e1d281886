import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** What the demonstration says of itself. */
export interface Stage {
  folder: string;
  kiosks: { station: string; operator: string; url: string }[];
  drivers: { name: string; cin: string; pin: string | null; home: string; account: string }[];
  members: { id: string; name: string; pages: string }[];
  /** Of every account. */
  password: string;
  /** Where one begins. */
  begin: string;
  /** Address of the simulator's page. */
  simulator: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stage: Stage;
  }
}

/** Where the running demonstration lies: `cargo xtask test browser` starts one and says so. */
const VARIABLE = 'FAIRWAY_DEMO';

/** Tells the specifications what the demonstration said of itself: four members and their stations, real processes. */
export default function world(project: TestProject): void {
  const folder = process.env[VARIABLE];
  if (!folder) throw new Error(`${VARIABLE} names no folder: run \`cargo xtask test browser\`, or \`fairway demo --quick --dir FOLDER\` beside this`);
  project.provide('stage', { folder, ...(JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')) as Omit<Stage, 'folder'>) });
}

/** Does something in the demonstration's world, as the simulator's page does. */
export async function deed(stage: Stage, what: string, of: { station?: string; member?: string }): Promise<void> {
  const answer = await fetch(new URL('/simulator/act', stage.simulator), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: crypto.randomUUID(), deed: what, ...of }),
  });
  if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
}
